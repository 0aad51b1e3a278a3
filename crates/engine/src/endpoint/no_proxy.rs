//! `NO_PROXY`, as curl, Go and Python between them have taught its users to write it.

use std::net::IpAddr;

use ipnet::IpNet;
use url::Host;

/// Whether one of the entries in `list` names this server: connections to it then use no proxy.
pub(super) fn names(list: &str, host: &Host<&str>, port: u16) -> bool {
    let entries = list.split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
    entries.into_iter().any(|entry| names_server(entry, host, port))
}

fn names_server(entry: &str, host: &Host<&str>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    // The colons of a bare IPv6 address lead to no port.
    if let Ok(network) = entry.parse::<IpNet>() {
        return address(host).is_some_and(|address| network.contains(&address));
    }
    if let Ok(named) = entry.parse::<IpAddr>() {
        return address(host) == Some(named.to_canonical());
    }
    let (name, named_port) = match entry.rsplit_once(':') {
        Some((name, number)) => match number.parse::<u16>() {
            Ok(number) => (name, Some(number)),
            Err(_) => (entry, None),
        },
        None => (entry, None),
    };
    if named_port.is_some_and(|named| named != port) {
        return false;
    }
    let name = name.trim_start_matches('[').trim_end_matches(']');
    match (name.parse::<IpAddr>(), host) {
        (Ok(named), host) => address(host) == Some(named.to_canonical()),
        (Err(_), Host::Domain(domain)) => names_domain(name, domain),
        (Err(_), _) => false,
    }
}

/// `example.com`, `.example.com` and `*.example.com` alike: the domain, and all that is below it.
fn names_domain(name: &str, domain: &str) -> bool {
    let name = name.strip_prefix('*').unwrap_or(name);
    let name = name.trim_start_matches('.').trim_end_matches('.').to_ascii_lowercase();
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    let above = domain.strip_suffix(&name);
    !name.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

fn address(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some(IpAddr::from(*address).to_canonical()),
        Host::Domain(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn names_url(list: &str, url: &str) -> bool {
        let url = Url::parse(url).unwrap();
        names(list, &url.host().unwrap(), url.port_or_known_default().unwrap())
    }

    #[test]
    fn an_entry_names_a_server_as_its_users_know_it() {
        for (list, url) in [
            ("*", "http://box"),
            ("*", "http://10.0.0.1"),
            ("other, *", "http://[fd00::1]:8080"),
            ("box", "http://box:8080"),
            ("BOX", "http://box"),
            ("box.", "http://box"),
            ("box", "http://box./"),
            ("a.example,example.com", "https://example.com"),
            ("example.com", "https://api.example.com"),
            (".example.com", "https://api.example.com"),
            (".example.com", "https://example.com"),
            ("*.example.com", "https://deep.api.example.com"),
            ("one two\tbox", "http://box"),
            ("one , box ,", "http://box"),
            ("box:8080", "http://box:8080"),
            ("example.com:443", "https://api.example.com"),
            ("10.0.0.1", "http://10.0.0.1:8080"),
            ("10.0.0.1:8080", "http://10.0.0.1:8080"),
            ("10.0.0.0/8", "http://10.1.2.3"),
            ("fd00::1", "http://[fd00::1]:8080"),
            ("[fd00::1]", "http://[fd00::1]:8080"),
            ("[fd00::1]:8080", "http://[fd00::1]:8080"),
            ("fd00::/8", "http://[fd12::1]"),
            ("10.0.0.1", "http://[::ffff:10.0.0.1]"),
            ("10.0.0.0/8", "http://[::ffff:10.0.0.1]"),
        ] {
            assert!(names_url(list, url), "{list:?} names {url}");
        }
    }

    #[test]
    fn an_entry_names_no_other_server() {
        for (list, url) in [
            ("", "http://box"),
            (" ,, ", "http://box"),
            (".", "http://box"),
            ("*.", "http://box"),
            ("box", "http://mybox"),
            ("example.com", "https://notexample.com"),
            (".example.com", "https://notexample.com"),
            ("api.example.com", "https://example.com"),
            ("example.com", "https://example.com.evil.net"),
            ("box:8080", "http://box:8081"),
            ("box:80", "https://box"),
            ("10.0.0.1:80", "http://10.0.0.1:8080"),
            ("10.0.0.1", "http://10.0.0.11"),
            ("10.0.0.0/8", "http://11.0.0.1"),
            ("10.0.0.0/8", "http://10.example"),
            ("fd00::1", "http://[fd00::2]"),
            ("[fd00::1]:80", "http://[fd00::1]:8080"),
            ("fd00::/8", "http://[fe00::1]"),
            ("0.1", "http://10.0.0.1"),
        ] {
            assert!(!names_url(list, url), "{list:?} names {url}");
        }
    }
}
