//! Writes `gateway/web/sdk/wire.gen.ts`.

fn main() -> std::io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/sdk/wire.gen.ts");
    std::fs::write(path, forecourt_wire::typescript::file())
}
