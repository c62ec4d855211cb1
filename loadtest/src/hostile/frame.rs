//! WebSocket frames, bit by bit (RFC 6455, 5.2): also those that must not be.

/// The opcodes that have a meaning.
pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// A frame to be written.
#[derive(Debug, Clone)]
pub struct Frame {
    pub fin: bool,
    /// The three reserved bits, the first one (compressed) highest.
    pub reserved: u8,
    pub opcode: u8,
    pub mask: Option<[u8; 4]>,
    /// The length that is declared, where it is not the payload's.
    pub declares: Option<u64>,
    pub payload: Vec<u8>,
}

impl Frame {
    /// A whole, masked frame.
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        let payload = payload.into();
        let mask = Some([0x5a, 0x00, 0xff, 0x37]);
        Self { fin: true, reserved: 0, opcode, mask, declares: None, payload }
    }

    /// One piece of a message; more follow.
    pub fn piece(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { fin: false, ..Self::new(opcode, payload) }
    }

    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let fin = if self.fin { 0x80 } else { 0 };
        let mut bytes = vec![fin | (self.reserved & 7) << 4 | (self.opcode & 15)];
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        let length = self.declares.unwrap_or(self.payload.len() as u64);
        match length {
            0..=125 => bytes.push(masked | length as u8),
            126..=0xffff => {
                bytes.push(masked | 0x7e);
                bytes.extend_from_slice(&(length as u16).to_be_bytes());
            }
            _ => {
                bytes.push(masked | 0x7f);
                bytes.extend_from_slice(&length.to_be_bytes());
            }
        }
        let mask = self.mask.unwrap_or_default();
        bytes.extend_from_slice(self.mask.as_ref().map_or(&[][..], |mask| mask));
        bytes.extend(self.payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }
}

/// A text message.
pub fn text(text: &str) -> Vec<u8> {
    Frame::new(TEXT, text).bytes()
}

/// A message in pieces of so many bytes; `last` ends it.
pub fn pieces(message: &[u8], size: usize, last: bool) -> Vec<u8> {
    let count = message.chunks(size).count();
    let piece = |(at, chunk): (usize, &[u8])| {
        let opcode = if at == 0 { TEXT } else { CONTINUATION };
        let fin = last && at + 1 == count;
        Frame { fin, ..Frame::new(opcode, chunk) }.bytes()
    };
    message.chunks(size).enumerate().flat_map(piece).collect()
}

/// A close frame.
pub fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    Frame::new(CLOSE, [&code.to_be_bytes()[..], reason].concat()).bytes()
}

/// A frame that a server wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub opcode: u8,
    pub payload: Vec<u8>,
}

/// Takes the first whole frame from what came; servers do not mask.
pub fn take(from: &mut Vec<u8>) -> Option<Heard> {
    let (first, second) = (*from.first()?, *from.get(1)?);
    let (length, head) = match second & 0x7f {
        126 => (u64::from(u16::from_be_bytes(from.get(2..4)?.try_into().ok()?)), 4),
        127 => (u64::from_be_bytes(from.get(2..10)?.try_into().ok()?), 10),
        short => (u64::from(short), 2),
    };
    let end = head + usize::try_from(length).ok()?;
    let payload = from.get(head..end)?.to_vec();
    from.drain(..end);
    Some(Heard { opcode: first & 15, payload })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_written_as_the_standard_shows_them() {
        let mask = Some([0x37, 0xfa, 0x21, 0x3d]);
        let hello = Frame { mask, ..Frame::new(TEXT, "Hello") };
        let shown = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(hello.bytes(), shown, "RFC 6455, 5.7");
        let unmasked = Frame { mask: None, ..hello };
        let mut bytes = unmasked.bytes();
        assert_eq!(bytes, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        assert_eq!(take(&mut bytes), Some(Heard { opcode: TEXT, payload: b"Hello".to_vec() }));
        assert!(bytes.is_empty());
        let long = Frame { mask: None, ..Frame::new(BINARY, vec![7; 70_000]) };
        assert_eq!(long.bytes()[..10], [0x82, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70]);
        assert_eq!(pieces(b"abc", 2, true).len(), 8 + 7);
    }
}
