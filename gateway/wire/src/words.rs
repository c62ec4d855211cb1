//! Closed sets of words that stand alike in the core or the ports and on the wire.

/// Takes each word over by its name: `Core => Wire` one way, `Core = Wire` both ways.
macro_rules! same_words {
    ($core:ty => $wire:ident { $($variant:ident),* $(,)? }) => {
        impl From<$core> for $wire {
            fn from(value: $core) -> Self {
                match value { $(<$core>::$variant => Self::$variant),* }
            }
        }
    };
    ($core:ty = $wire:ident { $($variant:ident),* $(,)? }) => {
        $crate::words::same_words!($core => $wire { $($variant),* });
        impl From<$wire> for $core {
            fn from(value: $wire) -> Self {
                match value { $($wire::$variant => Self::$variant),* }
            }
        }
    };
}

pub(crate) use same_words;
