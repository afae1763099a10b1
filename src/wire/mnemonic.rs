//! What makes a registry of the DNS a newtype over its integer, with constants and mnemonics.

/// A mnemonic that its registry does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {registry} '{text}'")]
pub struct UnknownMnemonic {
    /// The text as it was given, cut to 40 characters.
    pub text: String,
    /// What it was looked up as.
    pub registry: &'static str,
}

macro_rules! registry {
    (
        $(#[$meta:meta])*
        $name:ident($int:ty), $what:literal, generic $generic:literal {
            $( $(#[$cmeta:meta])* $constant:ident = $value:literal, $mnemonic:literal; )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);

        impl $name {
            $( $(#[$cmeta])* #[doc = concat!("`", $mnemonic, "`")]
               pub const $constant: Self = Self($value); )*

            /// Every value that has a name, in the order of the registry.
            pub const KNOWN: &'static [Self] = &[$(Self($value)),*];

            /// The registered mnemonic, if there is one.
            pub const fn mnemonic(self) -> Option<&'static str> {
                match self.0 {
                    $( $value => Some($mnemonic), )*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.mnemonic() {
                    Some(mnemonic) => f.pad(mnemonic),
                    None => f.pad(&format!("{}{}", $generic, self.0)),
                }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::wire::UnknownMnemonic;

            /// Takes a mnemonic without regard to case, or the generic form.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $( if text.eq_ignore_ascii_case($mnemonic) { return Ok(Self($value)); } )*
                let generic: &str = $generic;
                if let Some((head, digits)) = text.split_at_checked(generic.len())
                    && head.eq_ignore_ascii_case(generic)
                    && digits.bytes().all(|b| b.is_ascii_digit())
                    && let Ok(value) = digits.parse()
                {
                    return Ok(Self(value));
                }
                Err(Self::Err { text: text.chars().take(40).collect(), registry: $what })
            }
        }
    };
}

pub(super) use registry;
