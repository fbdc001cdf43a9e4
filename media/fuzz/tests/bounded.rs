//! Every target on its corpus, and then on new inputs for a few seconds each. Long runs: `make fuzz T=3600`.

use lectern_fuzz::{Fuzzer, TARGETS};
use std::time::Duration;

/// For each target.
const TIME: Duration = Duration::from_secs(3);

#[test]
fn nothing_that_the_network_sends_breaks_the_engine() {
    for target in TARGETS {
        let mut fuzzer = Fuzzer::new(target, 1);
        fuzzer.replay();
        let count = fuzzer.run(TIME);
        println!("{}: {count} inputs", target.name);
        assert!(count > 0);
    }
}
