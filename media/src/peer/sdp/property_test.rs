//! No bytes make the parsers panic, and whatever they accept can be answered in text that they accept again.

use super::samples::{Role, SAMPLES, answer, ice, negotiate};
use super::*;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;

/// The same cases in every run.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 2000,
        rng_seed: RngSeed::Fixed(9725),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Reads an offer and, where it is accepted, answers it in every role.
fn check_any(bytes: &[u8]) {
    let Ok(offer) = parse(bytes) else { return };
    for role in [Role::Publish, Role::Simulcast, Role::View] {
        let Ok(negotiated) = negotiate(&offer, role) else {
            continue;
        };
        let text = answer(&offer, &negotiated, role);
        let again = parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(again.ice, ice());
        assert_eq!(again.media.len(), offer.media.len());
        for ((answered, agreed), offered) in again.media.iter().zip(&negotiated).zip(&offer.media) {
            assert_eq!(answered.mid, offered.mid);
            let types = |codec: &OfferedCodec| (codec.parameters, codec.payload_type, codec.rtx);
            let agreed: Vec<_> = agreed
                .codecs
                .iter()
                .map(|c| (c.parameters, c.payload_type, c.rtx))
                .collect();
            assert_eq!(answered.codecs.iter().map(types).collect::<Vec<_>>(), agreed, "{text}");
        }
    }
}

/// What somebody may do to an offer.
#[derive(Clone, Debug)]
enum Damage {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, u8),
    DropLine(Index),
    RepeatLine(Index),
    SwapLines(Index, Index),
    ReplaceWord(Index, String),
    Splice(Index, Index, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<Index>;
    let word = prop_oneof![
        "[0-9]{1,6}",
        "[ -~]{0,12}",
        Just("*".to_owned()),
        Just("-1".to_owned()),
        Just("4294967296".to_owned()),
        Just("~".to_owned()),
        Just("\u{e9}\u{0}".to_owned()),
    ];
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (index(), prop::collection::vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (index(), 1u8..40).prop_map(|(at, count)| Damage::Remove(at, count)),
        index().prop_map(Damage::DropLine),
        index().prop_map(Damage::RepeatLine),
        (index(), index()).prop_map(|(a, b)| Damage::SwapLines(a, b)),
        (index(), word).prop_map(|(at, word)| Damage::ReplaceWord(at, word)),
        (index(), index(), index()).prop_map(|(sample, from, to)| Damage::Splice(sample, from, to)),
    ]
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|&b| b == b'\n').map(<[u8]>::to_vec).collect()
}

fn apply(bytes: &mut Vec<u8>, damage: Damage) {
    if bytes.is_empty() {
        return;
    }
    let mut all = lines(bytes);
    let count = all.len();
    match damage {
        Damage::Set(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            return;
        }
        Damage::Insert(at, new) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, new);
            return;
        }
        Damage::Remove(at, count) => {
            let at = at.index(bytes.len());
            bytes.drain(at..bytes.len().min(at + usize::from(count)));
            return;
        }
        Damage::DropLine(at) => drop(all.remove(at.index(count))),
        Damage::RepeatLine(at) => all.insert(at.index(count), all[at.index(count)].clone()),
        Damage::SwapLines(a, b) => all.swap(a.index(count), b.index(count)),
        Damage::ReplaceWord(at, word) => {
            let line = &mut all[at.index(count)];
            let text = String::from_utf8_lossy(line).trim_end().to_owned();
            let end = text.rfind([' ', ':', '=', ';']).map_or(0, |at| at + 1);
            *line = format!("{}{word}\r\n", &text[..end]).into_bytes();
        }
        Damage::Splice(sample, from, to) => {
            let other = lines(sample.get(SAMPLES).2.as_bytes());
            all.truncate(from.index(count));
            all.extend(other.into_iter().skip(to.index(count)));
        }
    }
    *bytes = all.concat();
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        check_any(&bytes);
        let _ = fragment::parse(&bytes);
    }

    #[test]
    fn any_lines_are_read_without_a_panic(lines in prop::collection::vec("[a-z]=[ -~]{0,40}\r\n", 0..40)) {
        check_any(lines.concat().as_bytes());
        let _ = fragment::parse(lines.concat().as_bytes());
    }

    #[test]
    fn damaged_offers_are_refused_or_answered(
        (_, _, text) in prop::sample::select(SAMPLES),
        all in prop::collection::vec(damage(), 1..6),
    ) {
        let mut bytes = text.replace('\n', "\r\n").into_bytes();
        all.into_iter().for_each(|damage| apply(&mut bytes, damage));
        check_any(&bytes);
        let _ = fragment::parse(&bytes);
    }
}

#[test]
fn an_offer_cut_anywhere_is_refused_or_answered() {
    for (name, _, text) in SAMPLES {
        for end in 0..text.len() {
            let cut = &text.as_bytes()[..end];
            if !text[..end].ends_with('\n') {
                assert!(parse(cut).is_err(), "{name} cut at {end}");
            }
            check_any(cut);
        }
    }
}
