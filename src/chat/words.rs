//! What a text must keep to: it says something, is not too long, and has no word that the settings do not want.

use http::StatusCode;

use crate::error::{Error, Result};

/// Longest message, in Unicode scalar values.
const MOST_CHARS: usize = 500;

/// What is kept of `text`: without spaces around it and without characters that are not for readers.
///
/// # Errors
/// 422: empty, too long, or with one of the `banned` words.
pub fn check(text: &str, banned: &[String]) -> Result<String> {
    let text: String = text.chars().filter(|&character| is_for_readers(character)).collect();
    let text = text.trim();
    if text.is_empty() {
        return Err(refused("chat-empty", "there is nothing in it"));
    }
    if text.chars().count() > MOST_CHARS {
        return Err(refused("chat-too-long", "it is longer than 500 characters"));
    }
    if banned.iter().any(|word| has_word(text, word)) {
        return Err(refused("chat-banned-words", "it has a word that is not wanted here"));
    }
    Ok(text.to_owned())
}

/// Control characters have no business in a chat, and those that turn the direction of writing (UAX #9) would turn what
/// others wrote as well.
fn is_for_readers(character: char) -> bool {
    character == '\n'
        || !(character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

/// Whether a word, or several in a row, stands in `text` as a whole: "class" has no "ass". Neither case nor characters
/// that nobody sees make a difference.
fn has_word(text: &str, word: &str) -> bool {
    let (text, word) = (letters(text), letters(word));
    !word.is_empty() && format!(" {text} ").contains(&format!(" {word} "))
}

/// Lower case, one space between words, nothing but letters and digits.
fn letters(text: &str) -> String {
    let visible = text.chars().filter(|character| !is_invisible(*character));
    let lower: String = visible.flat_map(char::to_lowercase).collect();
    let words: Vec<&str> = lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

/// Joiners, selectors and spaces of no width.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

fn refused(code: &'static str, detail: &'static str) -> Error {
    Error::Refused {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code,
        detail: detail.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str, banned: &[&str]) -> Result<String, &'static str> {
        let banned: Vec<String> = banned.iter().map(|&word| word.to_owned()).collect();
        check(text, &banned).map_err(|error| match error {
            Error::Refused { code, .. } => code,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn five_hundred_characters_are_counted_as_people_count_them() {
        let (fits, long) = ("👏".repeat(500), "é".repeat(501));
        assert_eq!(code(&fits, &[]), Ok(fits.clone()));
        assert_eq!(code(&format!("  {fits}\n"), &[]), Ok(fits));
        assert_eq!(code(&long, &[]), Err("chat-too-long"));
        for empty in ["", " \n\t ", "\u{0}\u{7}", "\u{202e}"] {
            assert_eq!(code(empty, &[]), Err("chat-empty"), "{empty:?}");
        }
        assert_eq!(code("a\u{0}b\u{202e}c\nd", &[]), Ok("abc\nd".into()));
    }

    #[test]
    fn words_are_found_whole_whatever_their_case() {
        let banned = ["Ass", "buy now", "schei\u{df}e", ""];
        for fine in ["a class", "assess", "now buy", "buying now"] {
            assert_eq!(code(fine, &banned), Ok(fine.into()));
        }
        for bad in ["ASS", "you ass!", "a\u{200b}ss", "Buy... NOW", "Schei\u{df}e"] {
            assert_eq!(code(bad, &banned), Err("chat-banned-words"), "{bad}");
        }
    }
}
