//! Tells public addresses from those of this machine and of private networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// Why an address is not public: "is on loopback". `None` for a public address
/// of another machine.
pub(super) fn restriction(ip: IpAddr) -> Option<&'static str> {
    let ip = ip.to_canonical();
    let reserved = match ip {
        IpAddr::V4(ip) => reserved_v4(ip),
        IpAddr::V6(ip) => reserved_v6(ip),
    };
    reserved.or_else(|| is_own(ip).then_some("is an address of this machine"))
}

fn reserved_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let [first, second, third, _] = ip.octets();
    match (first, second, third) {
        (127, ..) => Some("is on loopback"),
        (0, ..) => Some("is unspecified, which means this machine"),
        _ if ip.is_private() => Some("is in a private network"),
        (169, 254, _) => Some("is link-local"),
        (100, 64..=127, _) => Some("is in the shared address space of a provider"),
        (224..=239, ..) => Some("is a multicast address"),
        (192, 0, 0) | (240.., ..) => Some("is reserved"),
        _ => None,
    }
}

fn reserved_v6(ip: Ipv6Addr) -> Option<&'static str> {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("is unspecified, which means this machine"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("is on loopback"),
        // IPv4 addresses in other notations: compatible, translated, NAT64, 6to4.
        [0, 0, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => reserved_v4(Ipv4Addr::from_bits(
            (u32::from(high) << 16) | u32::from(low),
        )),
        [0x64, 0xff9b, 1, ..] | [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => {
            Some("is in a private network")
        }
        [0xfe80..=0xfebf, ..] => Some("is link-local"),
        [0xff00..=0xffff, ..] => Some("is a multicast address"),
        // Teredo, which contains the IPv4 address in a scrambled form.
        [0x2001, 0, ..] => Some("is reserved"),
        _ => None,
    }
}

/// Whether this machine has the address. A UDP socket gets the address from
/// which the system would send, without sending anything.
fn is_own(ip: IpAddr) -> bool {
    let unspecified: IpAddr = match ip {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let sender = UdpSocket::bind((unspecified, 0)).and_then(|socket| {
        socket.connect((ip, 9))?;
        socket.local_addr()
    });
    sender.is_ok_and(|sender| sender.ip() == ip)
}

#[cfg(test)]
mod tests {
    use super::restriction;

    #[test]
    fn addresses_of_this_machine_and_of_private_networks_are_restricted() {
        for ip in [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "224.0.0.251",
            "239.255.255.250",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "::ffff:0:192.168.1.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:0:1::1",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "fec0::1",
            "ff02::fb",
        ] {
            assert!(restriction(ip.parse().unwrap()).is_some(), "{ip}");
        }
    }

    #[test]
    fn public_addresses_are_not_restricted() {
        for ip in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "126.255.255.255",
            "128.0.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.169.0.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            assert_eq!(restriction(ip.parse().unwrap()), None, "{ip}");
        }
    }
}
