//! A network of the bench's own, in which sending costs what it costs and receiving (almost) nothing: a pair of virtual
//! Ethernet cards in a namespace, and a neighbour that nobody is. The receiving half of the pair throws away each
//! segment train as one piece at its first look at the address.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Set in the namespace.
const INSIDE: &str = "LECTERN_BENCH_NETWORK";

/// Nobody has this address.
const NOBODY: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(10, 79, 0, 2), 9));

const SET_UP: [&str; 6] = [
    "link set lo up",
    "link add near type veth peer name far",
    "addr add 10.79.0.1/24 dev near",
    "link set near up",
    "link set far up",
    "neigh add 10.79.0.2 lladdr 02:00:00:00:00:02 dev near nud permanent",
];

/// Where sends go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Network {
    /// To nobody: what is measured is the sender alone.
    Nobody,
    /// To a socket on loopback that nobody reads: the kernel's receiving side is part of what is measured.
    Loopback,
}

impl Network {
    /// Starts this program anew inside a namespace, where that is allowed; returns there, or here on loopback.
    pub(crate) fn enter() -> Network {
        match std::env::var(INSIDE).as_deref() {
            Ok("ready") => return Network::set_up(),
            Ok(_) => return Network::Loopback,
            Err(_) => {}
        }
        let allowed = Command::new("unshare").args(["-rn", "true"]).status();
        if allowed.is_ok_and(|status| status.success())
            && let Ok(program) = std::env::current_exe()
        {
            let mut inside = Command::new("unshare");
            inside
                .arg("-rn")
                .arg(program)
                .args(std::env::args_os().skip(1))
                .env(INSIDE, "ready");
            // Only a failure comes back.
            let _ = inside.exec();
        }
        Network::Loopback
    }

    fn set_up() -> Network {
        let run = |line: &&str| {
            let done = Command::new("ip").args(line.split(' ')).status();
            done.is_ok_and(|status| status.success())
        };
        if SET_UP.iter().all(run) {
            Network::Nobody
        } else {
            Network::Loopback
        }
    }

    /// What the table says of it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Network::Nobody => "sends go to nobody (a namespace of the bench's own): no receiving is in the numbers",
            Network::Loopback => "sends go to loopback: the kernel's receiving is in the numbers of both alike",
        }
    }

    pub(crate) fn nobody(self) -> Option<SocketAddr> {
        (self == Network::Nobody).then_some(NOBODY)
    }
}
