//! Signing in at a small server of RFC 8628: confirmed, slowed down, denied, expired, renewed.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::*;

/// Answers each request with the next of these: status and body. Gives what was asked.
fn server(answers: Vec<(u16, &'static str)>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, asked) = channel();
    thread::spawn(move || {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = tell.send(request(&stream));
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    (address, asked)
}

fn request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    format!(
        "{} {}",
        first.split(' ').nth(1).unwrap(),
        String::from_utf8(body).unwrap()
    )
}

fn provider(address: &str) -> Provider {
    Provider {
        client_id: "our-id".to_owned(),
        device_url: format!("{address}/device"),
        token_url: format!("{address}/token"),
        scope: "repo".to_owned(),
        user: "oauth2".to_owned(),
    }
}

const BEGUN: (u16, &str) = (
    200,
    r#"{"device_code":"dev","user_code":"AB-CD","verification_uri":"http://x/","expires_in":20,"interval":2}"#,
);
const PENDING: (u16, &str) = (400, r#"{"error":"authorization_pending"}"#);
const SLOW_DOWN: (u16, &str) = (400, r#"{"error":"slow_down"}"#);
const GIVEN: (u16, &str) = (
    200,
    r#"{"access_token":"new","token_type":"bearer","refresh_token":"next","expires_in":600}"#,
);

/// How signing in ends, and how long was waited before each question.
fn signed_in(answers: Vec<(u16, &'static str)>) -> (Result<SignedIn, SignInError>, Vec<u64>) {
    let (address, _asked) = server(answers);
    let provider = provider(&address);
    let pauses = RefCell::new(Vec::new());
    let result = begin(&provider).and_then(|pending| {
        assert_eq!(pending.user_code, "AB-CD");
        let pause = |for_: Duration| pauses.borrow_mut().push(for_.as_secs());
        wait(&provider, &pending, pause, || 1_000)
    });
    (result, pauses.into_inner())
}

#[test]
fn a_confirmed_code_brings_tokens_and_the_server_sets_the_pace() {
    let (result, pauses) = signed_in(vec![BEGUN, PENDING, SLOW_DOWN, PENDING, GIVEN]);
    let Ok(signed) = result else {
        panic!("signed in")
    };
    assert_eq!(pauses, [2, 2, 7, 7]);
    assert_eq!(signed.access.as_str(), "new");
    assert_eq!(signed.refresh.as_ref().unwrap().as_str(), "next");
    assert_eq!(signed.expires, Some(1_600));
    assert!(is_due(&signed, 1_300) && !is_due(&signed, 1_299));
}

#[test]
fn every_other_end_is_told_apart() {
    let check = |answers: Vec<(u16, &'static str)>, expected: SignInError| {
        let (result, _) = signed_in(answers);
        assert_eq!(result.err(), Some(expected));
    };
    check(
        vec![BEGUN, (400, r#"{"error":"access_denied"}"#)],
        SignInError::Denied,
    );
    check(
        vec![BEGUN, (400, r#"{"error":"expired_token"}"#)],
        SignInError::Expired,
    );
    // The server never says so; the code's own time does.
    check(
        [vec![BEGUN], vec![PENDING; 10]].concat(),
        SignInError::Expired,
    );
    let refused = SignInError::Refused("unauthorized_client".to_owned());
    check(vec![(400, r#"{"error":"unauthorized_client"}"#)], refused);
    let (result, _) = signed_in(vec![(200, "<html>")]);
    assert!(matches!(result, Err(SignInError::Nonsense(_, 200))));
    let (result, _) = signed_in(vec![BEGUN, (500, "{}")]);
    assert!(matches!(result, Err(SignInError::Nonsense(..))));
}

#[test]
fn a_network_that_fails_in_between_is_met_by_asking_less_often() {
    let (result, pauses) = signed_in(vec![BEGUN, PENDING]);
    assert_eq!(result.err(), Some(SignInError::Expired));
    assert_eq!(pauses[..3], [2, 2, 4]);
}

#[test]
fn what_is_asked_is_what_the_rfc_says() {
    let (address, asked) = server(vec![BEGUN, GIVEN]);
    let provider = provider(&address);
    let pending = begin(&provider).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(asked.recv().unwrap(), "/device client_id=our-id&scope=repo");
    let _signed = wait(&provider, &pending, |_| (), || 0).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        asked.recv().unwrap(),
        "/token grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=dev&client_id=our-id"
    );
}

#[test]
fn a_token_is_renewed_and_the_server_may_keep_or_end_it() {
    let renew = |answer, refresh: Option<&str>| {
        let (address, _asked) = server(vec![answer]);
        let signed = SignedIn {
            user: "oauth2".to_owned(),
            access: Zeroizing::new("old".to_owned()),
            refresh: refresh.map(|text| Zeroizing::new(text.to_owned())),
            expires: Some(0),
            client_id: "our-id".to_owned(),
            token_url: format!("{address}/token"),
        };
        renewed(&signed, 1_000).map(|signed| {
            (
                signed.access.to_string(),
                signed.refresh.unwrap().to_string(),
                signed.expires,
            )
        })
    };
    let given =
        |access: &str, refresh: &str, expires| Ok((access.to_owned(), refresh.to_owned(), expires));
    assert_eq!(
        renew(GIVEN, Some("kept")),
        given("new", "next", Some(1_600))
    );
    assert_eq!(
        renew((200, r#"{"access_token":"new"}"#), Some("kept")),
        given("new", "kept", None)
    );
    assert_eq!(
        renew((400, r#"{"error":"invalid_grant"}"#), Some("kept")),
        Err(SignInError::Ended)
    );
    assert_eq!(renew(GIVEN, None), Err(SignInError::Ended));
}

#[test]
fn a_token_is_renewed_before_it_ends_and_one_without_an_end_never() {
    let check = |expires, now, expected| {
        let signed = SignedIn {
            user: "oauth2".to_owned(),
            access: Zeroizing::new("old".to_owned()),
            refresh: None,
            expires,
            client_id: "our-id".to_owned(),
            token_url: "https://h.example/token".to_owned(),
        };
        assert_eq!(is_due(&signed, now), expected, "{expires:?} {now}");
    };
    let end = 10_000;
    check(Some(end), end - RENEW_SECONDS_AHEAD - 1, false);
    check(Some(end), end - RENEW_SECONDS_AHEAD, true);
    check(Some(end), end + 1, true);
    check(Some(i64::MIN), 0, true);
    check(None, i64::MAX, false);
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    let long: &'static str =
        Box::leak(format!("{{\"error\":\"{}\"}}", "x".repeat(65 << 10)).into());
    let (result, _) = signed_in(vec![(200, long)]);
    assert!(matches!(result, Err(SignInError::Unreachable(_))));
}
