//! Which layer a viewer is to be sent: what it asked for, or the best that its line can carry.

use crate::forward::layers::{LayerId, LayerInfo};
use std::time::{Duration, Instant};

/// A better layer must have fitted for this long before it is taken: going down again is worse than waiting.
const UP_AFTER: Duration = Duration::from_secs(3);

/// And with this much to spare, in percent, since a layer's rate is that of the last seconds.
const UP_MARGIN_PERCENT: u64 = 115;

/// Headers and retransmissions, in percent of the payload.
const OVERHEAD_PERCENT: u64 = 104;

/// Which layer a viewer wants to be sent; the empty one leaves the choice to the engine. Where several restrictions
/// are given, the best layer within all of them is sent; where none of those is active, the next lower, or the lowest.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LayerChoice {
    /// Only this encoding, whatever the viewer's line can carry; see [`LayerInfo::encoding_id`].
    pub encoding_id: Option<String>,
    /// No spatial layer above this.
    pub max_spatial: Option<u8>,
    /// No temporal layer above this.
    pub max_temporal: Option<u8>,
    /// No picture wider than this, in pixels.
    pub max_width: Option<u16>,
    /// No picture higher than this, in pixels.
    pub max_height: Option<u16>,
    /// The lowest layer that there is: nobody is looking.
    pub lowest: bool,
}

/// One viewer's choice, over time.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    /// What the viewer asked for.
    pub choice: Option<Box<LayerChoice>>,
    /// What its line can carry, sound included; `None` where that is not known, and no limit then.
    pub target_bps: Option<u64>,
    /// What the line would have to carry for the best layer that the viewer may be sent; 0 where no line limits it.
    pub wish_bps: u64,
    /// And for the layer that was chosen last.
    pub need_bps: u64,
    roomy_since: Option<Instant>,
}

impl LayerChoice {
    fn allows(&self, info: &LayerInfo) -> bool {
        fn within<T: PartialOrd>(value: Option<T>, max: Option<T>) -> bool {
            max.is_none_or(|max| value.is_none_or(|value| value <= max))
        }
        self.encoding_id.as_ref().is_none_or(|id| *id == info.encoding_id)
            && within(info.spatial, self.max_spatial)
            && within(info.temporal, self.max_temporal)
            && within(info.width, self.max_width)
            && within(info.height, self.max_height)
    }
}

impl Selector {
    /// The layer to send from now on, of `layers` (best first), to a viewer that is sent `current`; `None` when nothing
    /// is active. `sound_bps` goes with every layer.
    pub fn choose(
        &mut self,
        layers: &[(LayerId, LayerInfo)],
        current: Option<LayerId>,
        sound_bps: u64,
        now: Instant,
    ) -> Option<LayerId> {
        (self.wish_bps, self.need_bps) = (0, 0);
        let active = || layers.iter().filter(|(_, info)| info.is_active);
        let choice = self.choice.as_deref();
        if choice.is_some_and(|choice| choice.lowest) {
            return active().min_by_key(|(_, info)| info.bitrate_bps).map(|(id, _)| *id);
        }
        let allowed = |info: &LayerInfo| choice.is_none_or(|choice| choice.allows(info));
        let mut fitting = active().filter(|(_, info)| allowed(info)).peekable();
        if fitting.peek().is_none() {
            return next_lower(layers, allowed);
        }
        if choice.is_some_and(|choice| choice.encoding_id.is_some()) {
            return fitting.next().map(|(id, _)| *id);
        }
        let has_temporal_choice = choice.is_some_and(|choice| choice.max_temporal.is_some());
        let candidates: Vec<&(LayerId, LayerInfo)> = fitting
            .filter(|(_, info)| has_temporal_choice || is_smooth(info, layers))
            .collect();
        self.choose_by_rate(&candidates, current, sound_bps, now)
    }

    fn choose_by_rate(
        &mut self,
        candidates: &[&(LayerId, LayerInfo)],
        current: Option<LayerId>,
        sound_bps: u64,
        now: Instant,
    ) -> Option<LayerId> {
        let need = |info: &LayerInfo, percent| info.bitrate_bps * percent / 100 + sound_bps;
        let wish = |(_, info): &&(LayerId, LayerInfo)| need(info, OVERHEAD_PERCENT * UP_MARGIN_PERCENT / 100);
        self.wish_bps = candidates.first().map_or(0, wish);
        let lowest = candidates.iter().min_by_key(|(_, info)| info.bitrate_bps)?.0;
        let Some(target) = self.target_bps else {
            self.roomy_since = None;
            return candidates.first().map(|(id, _)| *id);
        };
        let best_of = |percent| {
            let fits = candidates.iter().position(|(_, info)| need(info, percent) <= target);
            fits.or_else(|| candidates.iter().position(|(id, _)| *id == lowest))
        };
        let best = best_of(OVERHEAD_PERCENT)?;
        let at = candidates.iter().position(|(id, _)| Some(*id) == current);
        let chosen = match at {
            Some(at) if best < at => {
                let better = best_of(OVERHEAD_PERCENT * UP_MARGIN_PERCENT / 100)?;
                let since = *self.roomy_since.get_or_insert(now);
                if better >= at {
                    self.roomy_since = None;
                    at
                } else if now.saturating_duration_since(since) >= UP_AFTER {
                    self.roomy_since = None;
                    better
                } else {
                    at
                }
            }
            _ => {
                self.roomy_since = None;
                best
            }
        };
        let (id, info) = candidates.get(chosen)?;
        self.need_bps = need(info, OVERHEAD_PERCENT);
        if chosen == 0 {
            self.wish_bps = self.need_bps;
        }
        Some(*id)
    }
}

/// At least half the pictures a second of its encoding, or what is left where even the smallest picture is too much.
fn is_smooth(info: &LayerInfo, layers: &[(LayerId, LayerInfo)]) -> bool {
    let of_encoding = |other: &&(LayerId, LayerInfo)| other.1.encoding_id == info.encoding_id && other.1.is_active;
    let highest = layers
        .iter()
        .filter(of_encoding)
        .filter_map(|(_, other)| other.temporal)
        .max();
    let mut active = layers.iter().filter(|(_, other)| other.is_active);
    let is_smallest = active
        .next_back()
        .is_some_and(|(_, last)| last.encoding_id == info.encoding_id && last.spatial == info.spatial);
    is_smallest
        || info
            .temporal
            .is_none_or(|own| highest.is_none_or(|highest| own + 1 >= highest))
}

/// The best active layer below the best one that would be allowed, or the lowest.
fn next_lower(layers: &[(LayerId, LayerInfo)], allowed: impl Fn(&LayerInfo) -> bool) -> Option<LayerId> {
    let from = layers.iter().position(|(_, info)| allowed(info)).unwrap_or(0);
    let is_active = |entry: &&(LayerId, LayerInfo)| entry.1.is_active;
    let below = layers.get(from..).unwrap_or_default().iter().find(is_active);
    below.or_else(|| layers.iter().rfind(is_active)).map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(id: u8, name: &str, width: u16, bitrate_bps: u64) -> (LayerId, LayerInfo) {
        let info = LayerInfo {
            encoding_id: name.to_owned(),
            width: Some(width),
            height: Some(width / 16 * 9),
            bitrate_bps,
            is_active: bitrate_bps > 0,
            ..LayerInfo::default()
        };
        (LayerId(id), info)
    }

    fn three() -> Vec<(LayerId, LayerInfo)> {
        vec![
            layer(0, "h", 1280, 2_500_000),
            layer(1, "m", 640, 700_000),
            layer(2, "l", 320, 200_000),
        ]
    }

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn down_at_once_and_up_when_it_has_fitted_for_a_while() {
        let (start, layers) = (start(), three());
        let at = |ms| start + Duration::from_millis(ms);
        let mut selector = Selector::default();
        let mut choose = |target: Option<u64>, current: u8, ms| {
            selector.target_bps = target;
            selector
                .choose(&layers, Some(LayerId(current)), 50_000, at(ms))
                .map(|id| id.0)
        };
        assert_eq!(choose(None, 2, 0), Some(0), "unknown is unlimited");
        assert_eq!(choose(Some(1_000_000), 0, 0), Some(1));
        assert_eq!(choose(Some(300_000), 0, 0), Some(2));
        assert_eq!(choose(Some(10_000), 0, 0), Some(2), "there is nothing below");
        assert_eq!(choose(Some(5_000_000), 2, 1000), Some(2));
        assert_eq!(choose(Some(5_000_000), 2, 3900), Some(2));
        assert_eq!(choose(Some(300_000), 2, 3950), Some(2), "a dip starts the wait anew");
        assert_eq!(choose(Some(5_000_000), 2, 4000), Some(2));
        assert_eq!(choose(Some(5_000_000), 2, 7000), Some(0));
        assert_eq!(choose(Some(2_700_000), 1, 8000), Some(1));
        assert_eq!(choose(Some(2_700_000), 1, 20_000), Some(1), "it only just fits");
    }

    #[test]
    fn a_pin_holds_whatever_the_line_carries() {
        let (start, mut layers) = (start(), three());
        let pinned = |name: &str| {
            Some(Box::new(LayerChoice {
                encoding_id: Some(name.to_owned()),
                ..LayerChoice::default()
            }))
        };
        let mut selector = Selector {
            choice: pinned("h"),
            target_bps: Some(100_000),
            ..Selector::default()
        };
        assert_eq!(selector.choose(&layers, None, 0, start), Some(LayerId(0)));
        layers[0].1.is_active = false;
        assert_eq!(
            selector.choose(&layers, None, 0, start),
            Some(LayerId(1)),
            "the publisher has suspended it"
        );
        selector.choice = pinned("l");
        layers[2].1.is_active = false;
        assert_eq!(selector.choose(&layers, None, 0, start), Some(LayerId(1)));
    }

    #[test]
    fn a_size_is_not_exceeded_and_the_lowest_is_the_lowest() {
        let (start, layers) = (start(), three());
        let mut selector = Selector {
            choice: Some(Box::new(LayerChoice {
                max_width: Some(700),
                ..LayerChoice::default()
            })),
            ..Selector::default()
        };
        assert_eq!(selector.choose(&layers, None, 0, start), Some(LayerId(1)));
        selector.choice = Some(Box::new(LayerChoice {
            lowest: true,
            ..LayerChoice::default()
        }));
        assert_eq!(selector.choose(&layers, None, 0, start), Some(LayerId(2)));
        assert_eq!(selector.choose(&[], None, 0, start), None);
    }
}
