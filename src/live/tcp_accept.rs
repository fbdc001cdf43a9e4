//! New TCP connections, until their first packet has said which shard they belong to.
//!
//! Nothing else is done for a stranger: a connection whose first packet is no ICE check for this server, or does not come
//! in time, is closed. There is a bound on how many wait at once, and on how many of them come from one address.

use super::hub::Hub;
use super::inbox::Message;
use lectern_media::peer::ice;
use lectern_media::wire::stun::{BindingRequest, MAX_REQUEST_BYTES};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

/// From the connection to its first packet; browsers send it at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections without a packet.
const MAX_STRANGERS: usize = 4096;

/// The same from one address: a school behind one router may come all at once.
const MAX_STRANGERS_OF_ADDRESS: usize = 512;

/// After a failure to accept, as when there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until it is aborted, and hands each to its shard.
pub(super) async fn accept(listener: TcpListener, hub: Arc<Hub>) {
    let strangers = Arc::new(Strangers::default());
    loop {
        let (stream, remote) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "cannot accept a media connection");
                sleep(PAUSE).await;
                continue;
            }
        };
        let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
        let Some(place) = strangers.admit(remote.ip()) else {
            hub.note_refused_connection();
            continue;
        };
        let hub = Arc::clone(&hub);
        tokio::spawn(async move {
            let handed = timeout(PATIENCE, hand_over(stream, remote, &hub)).await;
            if !matches!(handed, Ok(Ok(()))) {
                hub.note_refused_connection();
            }
            drop(place);
        });
    }
}

/// Reads the first packet (RFC 4571), an ICE check, and gives the connection to the shard whose peer it is for.
async fn hand_over(mut stream: TcpStream, remote: SocketAddr, hub: &Hub) -> io::Result<()> {
    let len = usize::from(stream.read_u16().await?);
    if len > MAX_REQUEST_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut first = vec![0; len];
    stream.read_exact(&mut first).await?;
    let shard = BindingRequest::parse(&first)
        .and_then(|check| ice::shard_of(check.local_ufrag))
        .map(usize::from)
        .filter(|&shard| shard < hub.inboxes.len())
        .ok_or(io::ErrorKind::InvalidData)?;
    let stream = stream.into_std()?;
    hub.push(shard, Message::Connection { stream, remote, first });
    Ok(())
}

/// Who waits.
#[derive(Default)]
struct Strangers(Mutex<HashMap<IpAddr, usize>>);

/// A stranger's place; given back when dropped.
struct Place {
    strangers: Arc<Strangers>,
    address: IpAddr,
}

impl Strangers {
    fn admit(self: &Arc<Strangers>, address: IpAddr) -> Option<Place> {
        let mut waiting = self.0.lock();
        let all: usize = waiting.values().sum();
        let count = waiting.get(&address).copied().unwrap_or(0);
        if all >= MAX_STRANGERS || count >= MAX_STRANGERS_OF_ADDRESS {
            return None;
        }
        waiting.insert(address, count + 1);
        Some(Place {
            strangers: Arc::clone(self),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.strangers.0.lock();
        if let Some(count) = waiting.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_bounded_and_leave_no_trace() {
        let strangers = Arc::new(Strangers::default());
        let one = IpAddr::from([192, 0, 2, 1]);
        let mut places: Vec<Place> = (0..MAX_STRANGERS_OF_ADDRESS)
            .map(|_| strangers.admit(one).unwrap())
            .collect();
        assert!(strangers.admit(one).is_none(), "one address does not take all");
        places.extend((0..).map_while(|host: u32| strangers.admit(IpAddr::from((0x0a00_0000 + host).to_be_bytes()))));
        assert_eq!(places.len(), MAX_STRANGERS);
        places.truncate(MAX_STRANGERS - 1);
        assert!(strangers.admit(IpAddr::from([192, 0, 2, 2])).is_some());
        places.clear();
        assert!(strangers.0.lock().is_empty());
    }
}
