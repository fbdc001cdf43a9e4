//! Rules for fields that several bodies share, beside those that `garde` brings.

/// Something other than spaces.
///
/// # Errors
/// Blank.
pub fn not_blank(text: &str, (): &()) -> garde::Result {
    if text.trim().is_empty() {
        return Err(garde::Error::new("must not be blank"));
    }
    Ok(())
}
