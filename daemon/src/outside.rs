//! Watches what the machine is in: whether it slept, which network it has, whether it runs on a
//! battery or somebody pays for the bytes.
//!
//! Nothing here depends on the operating system's own signals, which differ and get lost: a look
//! every two seconds at two clocks and at the address that a packet would leave from is enough, and
//! is felt by nobody.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tracing::info;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The clocks drift apart by far less in that time; a machine under load is late by less.
const JUMP_MIN: Duration = Duration::from_secs(5);

/// Looks between two questions about battery and metered network.
const LOOKS_PER_COST: u32 = 30;

/// How much slower polls are on a battery, and on a network that is paid by the byte.
const SLOWER_ON_BATTERY: u32 = 2;
const SLOWER_WHEN_METERED: u32 = 4;

/// No packet is sent there: addresses for documentation, RFC 5737 and RFC 3849.
const BEYOND: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9),
    SocketAddr::new(
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
        9,
    ),
];

/// What the machine is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outside {
    /// How many times it awoke, or came to another network.
    pub(crate) changes: u64,
    /// How many times slower than usual polls should be.
    pub(crate) slower: u32,
}

/// From where a packet would leave, by each family of addresses.
type Network = [Option<IpAddr>; 2];

/// Looks from here on, until nobody listens.
pub(crate) fn begin() -> watch::Receiver<Outside> {
    let outside = Outside {
        changes: 0,
        slower: 1,
    };
    let (teller, heard) = watch::channel(outside);
    tokio::spawn(look(teller));
    heard
}

async fn look(teller: watch::Sender<Outside>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut clocks = Clocks::now();
    let mut network = network();
    let mut looks = 0_u32;
    loop {
        tokio::select! {
            _ = ticks.tick() => (),
            () = teller.closed() => return,
        }
        let (clocks_now, network_now) = (Clocks::now(), self::network());
        let awoke = clocks_now.jumped_since(clocks);
        let moved = has_moved(network, network_now);
        (clocks, network) = (clocks_now, network_now);
        if awoke || moved {
            info!(awoke, moved, "The machine awoke, or has another network");
            teller.send_modify(|outside| outside.changes += 1);
        }
        if awoke || moved || looks.is_multiple_of(LOOKS_PER_COST) {
            // Asked in passing: a look does not wait for the answer of a system service.
            let asked = tokio::task::spawn_blocking(cost);
            if let Ok(slower) = asked.await {
                tell_cost(&teller, slower);
            }
        }
        looks = looks.wrapping_add(1);
    }
}

fn tell_cost(teller: &watch::Sender<Outside>, slower: u32) {
    teller.send_if_modified(|outside| {
        let is_news = outside.slower != slower;
        if is_news {
            info!(slower, "Polls are so many times slower than usual");
            outside.slower = slower;
        }
        is_news
    });
}

fn cost() -> u32 {
    slower(platform::power::on_battery(), platform::power::is_metered())
}

fn slower(on_battery: bool, is_metered: bool) -> u32 {
    let battery = if on_battery { SLOWER_ON_BATTERY } else { 1 };
    battery * if is_metered { SLOWER_WHEN_METERED } else { 1 }
}

/// Another network is there. Where there is none any more, there is nothing to try.
fn has_moved(before: Network, now: Network) -> bool {
    let came = |(before, now): (Option<IpAddr>, Option<IpAddr>)| now.is_some() && now != before;
    before.into_iter().zip(now).any(came)
}

fn network() -> Network {
    BEYOND.map(|there| {
        let here: SocketAddr = if there.is_ipv4() {
            (Ipv4Addr::UNSPECIFIED, 0).into()
        } else {
            (Ipv6Addr::UNSPECIFIED, 0).into()
        };
        let socket = UdpSocket::bind(here).ok()?;
        socket.connect(there).ok()?;
        Some(socket.local_addr().ok()?.ip())
    })
}

/// The clock that stands still in sleep on some systems, and the one on the wall.
#[derive(Clone, Copy, Debug)]
struct Clocks {
    steady: Instant,
    wall: SystemTime,
}

impl Clocks {
    fn now() -> Self {
        Self {
            steady: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// Whether time was lost between two looks: the machine, or this process, stood still; or
    /// somebody moved the clock, which looks the same from here.
    fn jumped_since(self, before: Self) -> bool {
        let steady = self.steady.saturating_duration_since(before.steady);
        let apart = match self.wall.duration_since(before.wall) {
            Ok(wall) => wall.abs_diff(steady),
            Err(back) => back.duration() + steady,
        };
        apart > JUMP_MIN || steady > LOOK_EVERY + JUMP_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_a_stop_and_a_moved_clock_are_noticed() {
        let start = Clocks::now();
        let check = |steady_seconds: u64, wall_seconds: i64, expected: bool| {
            let wall = Duration::from_secs(wall_seconds.unsigned_abs());
            let now = Clocks {
                steady: start.steady + Duration::from_secs(steady_seconds),
                wall: if wall_seconds < 0 {
                    start.wall - wall
                } else {
                    start.wall + wall
                },
            };
            let jumped = now.jumped_since(start);
            assert_eq!(jumped, expected, "{steady_seconds} s, {wall_seconds} s");
        };
        check(2, 2, false);
        check(5, 5, false);
        check(2, 6, false);
        check(2, 8, true);
        check(10, 10, true);
        check(2, 3 * 3600, true);
        check(2, -3600, true);
        check(2, 1, false);
    }

    #[test]
    fn another_network_is_noticed_and_the_loss_of_one_is_not() {
        let at = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let check = |before: Network, now: Network, expected: bool| {
            assert_eq!(has_moved(before, now), expected, "{before:?} {now:?}");
        };
        check([None, None], [None, None], false);
        check([None, None], [at("10.0.0.2"), None], true);
        check([at("10.0.0.2"), None], [at("10.0.0.2"), None], false);
        check([at("10.0.0.2"), None], [at("10.0.0.3"), None], true);
        check([at("10.0.0.2"), None], [None, None], false);
        check(
            [at("10.0.0.2"), None],
            [at("10.0.0.2"), at("2001:db8::2")],
            true,
        );
        assert!(!has_moved(network(), network()));
    }

    #[test]
    fn what_costs_more_is_done_less_often() {
        assert_eq!(slower(false, false), 1);
        assert_eq!(slower(true, false), SLOWER_ON_BATTERY);
        assert_eq!(slower(false, true), SLOWER_WHEN_METERED);
        assert_eq!(slower(true, true), SLOWER_ON_BATTERY * SLOWER_WHEN_METERED);
    }

    #[tokio::test]
    async fn it_ends_with_its_last_listener() {
        let (teller, heard) = watch::channel(Outside {
            changes: 0,
            slower: 1,
        });
        let looking = tokio::spawn(look(teller));
        drop(heard);
        tokio::time::timeout(Duration::from_secs(60), looking)
            .await
            .unwrap()
            .unwrap();
    }
}
