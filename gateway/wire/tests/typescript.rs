//! The committed TypeScript says what the Rust types say.

#[test]
fn the_typescript_of_the_wire_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/sdk/wire.gen.ts");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == forecourt_wire::typescript::file(),
        "wire.gen.ts is stale: run `cargo run -p forecourt-wire --example export_types`"
    );
}
