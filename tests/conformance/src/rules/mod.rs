//! All rules, in the order in which they are tried: cheap ones first, those that end sessions late.

mod access;
mod answer;
mod endpoint;
mod extensions;
mod flood;
mod lifetime;
mod links;
mod media;
mod offers;
mod patch;
mod restart;
mod viewer;
mod viewer_media;

use crate::rule::Rule;
use crate::target::{Depth, Kind, Target};

/// The rules that can be tried on `target`.
pub(crate) fn of(target: &Target) -> Vec<&'static Rule> {
    let both: &[&[Rule]] = &[
        endpoint::RULES,
        offers::RULES,
        answer::RULES,
        patch::RULES,
        restart::RULES,
        lifetime::RULES,
        links::RULES,
        access::RULES,
    ];
    let own: &[&[Rule]] = match target.kind {
        Kind::Whip => &[offers::WHIP],
        Kind::Whep => &[viewer::RULES, extensions::RULES],
    };
    let media: &[&[Rule]] = match target.kind {
        _ if target.depth < Depth::Media => &[],
        Kind::Whip => &[media::RULES],
        Kind::Whep => &[media::RULES, viewer_media::RULES],
    };
    let heavy: &[&[Rule]] = match target.kind {
        _ if target.depth < Depth::Heavy => &[],
        Kind::Whip => &[flood::HEAVY, media::HEAVY],
        Kind::Whep => &[flood::HEAVY, media::HEAVY, viewer::HEAVY],
    };
    let last: &[&[Rule]] = &[endpoint::LAST];
    let groups = [both, own, media, heavy, last].concat();
    groups.into_iter().flatten().collect()
}
