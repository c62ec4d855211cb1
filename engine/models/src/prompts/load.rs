//! Where prompts come from, and what is checked before they are used.

use std::{fs::File, io::Read as _, path::Path};

use minijinja::{AutoEscape, Environment, UndefinedBehavior, syntax::SyntaxConfig};

use super::{
    FACTS, NOW, OPENING, PromptError, Prompts, RULES, remembered::Remembered, sample, wrong,
};

/// The most bytes of a file.
pub(super) const MAX_FILE: u64 = 64 * 1024;

/// The most steps of rendering one part; the fullest prompt takes a tenth.
const FUEL: u64 = 200_000;

const FILES: [(&str, &str); 4] = [
    (RULES, include_str!("../../../../prompts/reply/system.md")),
    (FACTS, include_str!("../../../../prompts/reply/facts.md")),
    (NOW, include_str!("../../../../prompts/reply/now.md")),
    (OPENING, include_str!("../../../../prompts/reply/opening.md")),
];

pub(super) fn embedded() -> Result<Prompts, PromptError> {
    of(FILES.map(|(file, text)| (file, text.to_owned())).into())
}

pub(super) fn from_dir(path: &Path) -> Result<Prompts, PromptError> {
    let folder = path.join("reply");
    let read = |file: &'static str| {
        let path = folder.join(file);
        let mut text = String::new();
        File::open(&path)
            .and_then(|open| open.take(MAX_FILE + 1).read_to_string(&mut text))
            .map_err(|source| PromptError::Read { path, source })?;
        if text.len() as u64 > MAX_FILE {
            return Err(PromptError::TooLarge { file });
        }
        Ok((file, text))
    };
    of(FILES.iter().map(|(file, _)| read(file)).collect::<Result<_, _>>()?)
}

fn of(files: Vec<(&'static str, String)>) -> Result<Prompts, PromptError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_syntax(syntax()?);
    // Errors must not carry the values they met (A13).
    environment.set_debug(false);
    environment.set_fuel(Some(FUEL));
    let mut id = String::new();
    for (file, text) in files {
        let mut text = text.replace("\r\n", "\n");
        if file == RULES {
            let (found, body) = front_matter(&text).map_err(PromptError::FrontMatter)?;
            id = found;
            text = body;
        }
        environment.add_template_owned(file, text).map_err(|error| wrong(file, &error))?;
    }
    let prompts = Prompts { environment, id, remembered: Remembered::new() };
    sample::check(&prompts)?;
    Ok(prompts)
}

/// Lines that hold nothing but a block leave no trace.
fn syntax() -> Result<SyntaxConfig, PromptError> {
    SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .map_err(|error| wrong(RULES, &error))
}

/// Takes `name` and `version` off the head of the text: gives `name@version` and the rest.
///
/// The head's lines stay as empty ones, so that errors name the file's own lines.
fn front_matter(text: &str) -> Result<(String, String), &'static str> {
    let head = text.strip_prefix("---\n").ok_or("must begin with a line `---`")?;
    let (head, body) = head.split_once("\n---\n").ok_or("the head must end with a line `---`")?;
    let (mut name, mut version) = (None, None);
    for line in head.lines() {
        let (key, value) = line.split_once(':').ok_or("a line of the head must be `key: value`")?;
        let place = match key.trim() {
            "name" => &mut name,
            "version" => &mut version,
            _ => return Err("the head has `name` and `version` and nothing else"),
        };
        let value = value.trim();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if !(1..=32).contains(&value.len()) || !value.bytes().all(plain) {
            return Err("a value of the head must be 1 to 32 letters, digits, `-`, `.` or `_`");
        }
        if place.replace(value).is_some() {
            return Err("a key of the head stands twice");
        }
    }
    let (name, version) =
        (name.ok_or("the head lacks `name`")?, version.ok_or("the head lacks `version`")?);
    let above = "\n".repeat(head.lines().count() + 2);
    Ok((format!("{name}@{version}"), format!("{above}{body}")))
}
