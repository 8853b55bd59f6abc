//! A small server of RFC 8628: gives codes and tokens as a test has it say.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What a person does with the code, as far as the server tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// Confirms it, after the server was asked twice and wanted to be asked less often.
    Confirms,
    /// Says no.
    Denies,
    /// Does not come in time.
    Sleeps,
}

/// A running server; its thread ends with the test's process.
#[derive(Debug)]
pub struct SignInServer {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl SignInServer {
    /// One at which that person signs in. The first token is good for nothing and has ended; what it
    /// is renewed to is `token`.
    ///
    /// # Panics
    /// Where loopback has no port.
    #[must_use]
    pub fn start(person: Person, token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
        let address = format!("http://{}", listener.local_addr().expect("it is bound"));
        let asked = Arc::new(Mutex::new(Vec::<String>::new()));
        let (heard, token) = (Arc::clone(&asked), token.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = request(&stream) else {
                    continue;
                };
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                let before = heard
                    .iter()
                    .filter(|known| known.contains("device_code"))
                    .count();
                answer(stream, &said(person, &request, before, &token));
                heard.push(request);
            }
        });
        Self { address, asked }
    }

    /// The table `[[sign_in]]` of the settings for that host.
    #[must_use]
    pub fn settings(&self, host: &str, user: &str) -> String {
        let address = &self.address;
        format!(
            "\n[[sign_in]]\nhost = \"{host}\"\nclient_id = \"our-id\"\nuser = \"{user}\"\n\
             device_url = \"{address}/device\"\ntoken_url = \"{address}/token\"\n"
        )
    }

    /// What it was asked, a line each.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn said(person: Person, request: &str, before: usize, token: &str) -> (u16, String) {
    let error = |name: &str| (400, format!("{{\"error\":\"{name}\"}}"));
    if request.starts_with("/device") {
        let code = "{\"device_code\":\"canary7f-dev\",\"user_code\":\"WC-1234\",\
                    \"verification_uri\":\"http://127.0.0.1/go\",\"expires_in\":600,\"interval\":1}";
        return (200, code.to_owned());
    }
    if request.contains("refresh_token=") {
        return (
            200,
            format!("{{\"access_token\":\"{token}\",\"expires_in\":7200}}"),
        );
    }
    match (person, before) {
        (Person::Confirms, 0) => error("authorization_pending"),
        (Person::Confirms, 1) => error("slow_down"),
        (Person::Confirms, _) => {
            let given = "{\"access_token\":\"canary7f-first\",\"refresh_token\":\"canary7f-again\",\"expires_in\":1}";
            (200, given.to_owned())
        }
        (Person::Denies, _) => error("access_denied"),
        (Person::Sleeps, _) => error("expired_token"),
    }
}

/// The path and the body.
fn request(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    Some(format!("{} {body}", first.split(' ').nth(1)?))
}

fn answer(mut stream: TcpStream, (status, body): &(u16, String)) {
    let length = body.len();
    let _gone = write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
}
