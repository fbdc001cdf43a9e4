//! How a name is shown in a circle: "Hugo Herbots" as HH, "Jan de Vries" as JV.

/// Dutch articles inside names are passed over: the Vries in "Jan de Vries" is what he is found under.
const ARTICLES: [&str; 5] = ["de", "den", "der", "het", "'t"];

/// The first letters of the first word and of the next one that is no article; of one word, its first letter.
#[must_use]
pub fn of(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next();
    let second = words.find(|word| !ARTICLES.contains(&word.to_lowercase().as_str()));
    let letters = [first, second].into_iter().flatten();
    letters
        .filter_map(|word| word.chars().find(|character| character.is_alphanumeric()))
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shortened_as_clients_know_it() {
        for (name, want) in [
            ("Hugo Herbots", "HH"),
            ("Sarah van Dijk", "SV"),
            ("Jan de Vries", "JV"),
            ("anna", "A"),
            ("Élodie (guest)", "ÉG"),
            ("  ", ""),
            ("王 小明", "王小"),
        ] {
            assert_eq!(of(name), want, "{name}");
        }
    }
}
