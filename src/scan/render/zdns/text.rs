//! Names as zdns writes them.

/// The text of a name without its final dot, if it is not the root.
pub(super) fn without_dot(name: &[u8]) -> &[u8] {
    name.strip_suffix(b".").filter(|name| !name.is_empty()).unwrap_or(name)
}
