//! A proxy between here and the server, where the person's git goes through one.

use tests::machine::Machine;
use tests::servers::authority::Authority;
use tests::servers::bare::BareRepository;
use tests::servers::nginx::{PASSWORD, WebServer};
use tests::servers::served::free_port;
use tests::servers::tinyproxy::{self, Proxy};

use crate::http::with_password;
use crate::story::{QUICK, Row, Story, alice};
use crate::tls::{configure_git, trusting};

/// A server behind https, and a machine that trusts it and has its password.
struct Office {
    remote: BareRepository,
    server: WebServer,
    machine: Machine,
    authority: Authority,
}

fn office() -> Office {
    let office = unknown_office();
    configure_git(&office.machine, &trusting(&office.authority.certificate()));
    office
}

/// One whose authority the machine does not know.
fn unknown_office() -> Office {
    let remote = BareRepository::new();
    let authority = Authority::new();
    let certificate = authority.issue("DNS:localhost,IP:127.0.0.1");
    let server = WebServer::with_certificate(remote.as_ref(), &certificate);
    let url = server.url("private/remote.git");
    let machine = Machine::new(&alice(QUICK, &url, ""));
    with_password(&machine, PASSWORD);
    Office {
        remote,
        server,
        machine,
        authority,
    }
}

/// What is said goes by the proxy, or past it.
fn check(proxy: &Proxy, by_proxy: bool, prepare: impl Fn(&mut Machine, &WebServer)) {
    let mut office = office();
    prepare(&mut office.machine, &office.server);
    let mut story = Story::well_begun(office.machine);
    story.say();
    story.in_step(&office.remote);
    let tunnels = proxy.tunnels_to(office.server.port());
    assert_eq!(tunnels > 0, by_proxy, "{tunnels} tunnels");
    story.keeps_secret(PASSWORD);
    story.keeps_secret(tinyproxy::PASSWORD);
}

#[test]
fn the_proxy_of_the_persons_git_is_gone_through() {
    let proxy = Proxy::start();
    check(&proxy, true, |machine, _| {
        configure_git(machine, &format!("[http]\n\tproxy = {}\n", proxy.url()));
    });
    check(&proxy, true, |machine, server| {
        let (url, proxy) = (server.url(""), proxy.url());
        configure_git(machine, &format!("[http \"{url}\"]\n\tproxy = {proxy}\n"));
    });
    // git takes a proxy without its scheme too.
    check(&proxy, true, |machine, _| {
        let bare = proxy.url().replace("http://", "");
        configure_git(machine, &format!("[http]\n\tproxy = {bare}\n"));
    });
}

#[test]
fn the_proxy_of_the_environment_is_gone_through() {
    let proxy = Proxy::start();
    check(&proxy, true, |machine, _| {
        machine.set("https_proxy", proxy.url());
    });
    check(&proxy, true, |machine, _| {
        machine.set("ALL_PROXY", proxy.url());
    });
}

#[test]
fn a_host_that_needs_no_proxy_is_gone_to_past_it() {
    let proxy = Proxy::start();
    check(&proxy, false, |machine, _| {
        machine.set("https_proxy", proxy.url());
        machine.set("no_proxy", "example.com,127.0.0.1");
    });
    check(&proxy, false, |machine, _| {
        configure_git(machine, &format!("[http]\n\tproxy = {}\n", proxy.url()));
        machine.set("NO_PROXY", "127.0.0.1");
    });
    check(&proxy, false, |machine, server| {
        machine.set("https_proxy", proxy.url());
        configure_git(
            machine,
            &format!("[http \"{}\"]\n\tproxy =\n", server.url("")),
        );
    });
}

#[test]
fn a_proxy_with_a_password_gets_it_and_nobody_else_sees_it() {
    let proxy = Proxy::with_password();
    check(&proxy, true, |machine, _| {
        let lines = format!("[http]\n\tproxy = {}\n", proxy.url_with_password());
        configure_git(machine, &lines);
    });
}

/// The way by this proxy does not work.
fn check_trouble(proxy: &str, row: Row<'_>) {
    let office = office();
    configure_git(&office.machine, &format!("[http]\n\tproxy = {proxy}\n"));
    let mut story = Story::on(office.machine);
    story.say();
    story.troubled(row);
    assert!(office.server.requests().is_empty());
    story.keeps_secret("wrong-horse-9");
    story.keeps_secret(tinyproxy::PASSWORD);
}

#[test]
fn a_proxy_that_lets_nobody_through_is_told() {
    let proxy = Proxy::with_password();
    check_trouble(
        &proxy.url(),
        Row {
            kind: "credential_refused",
            words: &["proxy"],
        },
    );
    let wrong = proxy
        .url_with_password()
        .replace(tinyproxy::PASSWORD, "wrong-horse-9");
    check_trouble(
        &wrong,
        Row {
            kind: "credential_refused",
            words: &["proxy"],
        },
    );
}

#[test]
fn an_untrusted_certificate_behind_a_proxy_is_not_trusted_either() {
    let proxy = Proxy::start();
    let office = unknown_office();
    let lines = format!("[http]\n\tproxy = {}\n\tsslVerify = false\n", proxy.url());
    configure_git(&office.machine, &lines);
    let mut story = Story::on(office.machine);
    story.say();
    story.troubled(Row {
        kind: "host_key_unknown",
        words: &["certificate"],
    });
    assert!(proxy.tunnels_to(office.server.port()) > 0);
    assert!(office.server.requests().is_empty());
}

#[test]
fn a_proxy_that_is_not_there_is_offline() {
    let proxy = format!("http://alice:wrong-horse-9@127.0.0.1:{}", free_port());
    check_trouble(
        &proxy,
        Row {
            kind: "offline",
            words: &["Couldn't connect"],
        },
    );
}

#[test]
fn a_proxy_that_cannot_be_used_is_told() {
    check_trouble(
        "socks5://127.0.0.1:1080",
        Row {
            kind: "settings_invalid",
            words: &["http.proxy", "socks5"],
        },
    );
}
