//! Stories of a mail: how it is written, handed over in two steps, refused, lost, and caught.

mod letters;
mod support;
