//! The pages are built by npm into `gateway/web/dist`. Where that has not happened yet, small stand-ins say
//! so, and the binary builds all the same.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let dist = Path::new("../web/dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    for (file, text) in [
        ("index.html", page("Forecourt")),
        ("app/index.html", page("Dashboard")),
        ("demo/index.html", page("Demo")),
        ("widget.js", "console.warn('forecourt: the widget is not built');\n".to_owned()),
    ] {
        let path = dist.join(file);
        if !path.exists() {
            fs::create_dir_all(path.parent().unwrap_or(dist))?;
            fs::write(path, text)?;
        }
    }
    Ok(())
}

fn page(name: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{name}</title><p>{name}: the pages are not built. Run <code>npm ci && npm run build</code> in gateway/web.</p></html>\n"
    )
}
