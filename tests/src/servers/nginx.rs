//! A real web server: nginx before `git http-backend`, as people run their own.
//!
//! | path | what stands there |
//! |---|---|
//! | `/git/NAME` | the repository NAME, for everybody |
//! | `/private/NAME` | the same behind a user and a password |
//! | `/bearer/NAME` | the same for who shows the password as a bearer's token, and by no other way |
//! | `/readable/NAME` | for reading alone: nobody is logged in, so git refuses to receive |
//! | `/moved/NAME` | a lasting redirect to `/private/NAME` |
//! | `/elsewhere/NAME` | a lasting redirect to NAME at another address, where one was given |
//! | `/guarded/NAME` | the same, for who has logged in |

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::authority::Certificate;
use super::served::{Served, free_port, program};
use crate::canary;
use crate::cli::Ran;
use crate::scratch;

/// What `/git/` names as `Retry-After`, whatever it answers.
pub const RETRY_AFTER_SECONDS: u64 = 4;

/// Who may go to `/private/`.
pub const USER: &str = "alice";

/// With this, which holds the canary.
pub const PASSWORD: &str = "canary7f-horse";

/// What `/git/` can be made to answer.
const STATUSES: [u16; 7] = [403, 404, 410, 429, 500, 502, 503];

/// A running web server for the repositories of one folder.
#[derive(Debug)]
pub struct WebServer {
    folder: TempDir,
    scheme: &'static str,
    port: u16,
    // The web server goes first, so that it never looks for a bridge that is gone.
    _nginx: Served,
    _bridge: Served,
}

impl WebServer {
    /// Serves what lies in `root` over http.
    #[must_use]
    pub fn start(root: &Path) -> Self {
        Self::with(root, None, None)
    }

    /// Serves what lies in `root` over https.
    #[must_use]
    pub fn with_certificate(root: &Path, certificate: &Certificate) -> Self {
        Self::with(root, Some(certificate), None)
    }

    /// Serves what lies in `root` over http, and sends who asks for `/elsewhere/NAME` to `NAME`
    /// below `address`.
    #[must_use]
    pub fn leading_to(root: &Path, address: &str) -> Self {
        Self::with(root, None, Some(address))
    }

    fn with(root: &Path, certificate: Option<&Certificate>, elsewhere: Option<&str>) -> Self {
        canary::watch_over_the_suite();
        let folder = scratch::folder();
        let place = folder.path();
        let mut bridge = Command::new(program("fcgiwrap"));
        let socket = place.join("fcgi");
        bridge
            .args(["-c", "4", "-s"])
            .arg(format!("unix:{}", socket.display()))
            .env("HOME", place);
        let bridge = Served::at_socket(bridge, &place.join("fcgiwrap.log"), &socket);

        fs::write(place.join("users"), format!("{USER}:{{PLAIN}}{PASSWORD}\n"))
            .expect("a scratch folder can be written");
        let port = free_port();
        let text = settings(place, root, port, certificate, elsewhere);
        fs::write(place.join("nginx.conf"), text).expect("a scratch folder can be written");
        let mut nginx = Command::new(program("nginx"));
        nginx
            .args(["-e", "stderr", "-c"])
            .arg(place.join("nginx.conf"))
            .arg("-p")
            .arg(place)
            .env("HOME", place);
        let nginx = Served::at_port(nginx, &place.join("nginx.log"), port);
        Self {
            scheme: if certificate.is_some() {
                "https"
            } else {
                "http"
            },
            port,
            _nginx: nginx,
            _bridge: bridge,
            folder,
        }
    }

    /// The address of `path`, such as `git/remote.git`, at 127.0.0.1.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        self.url_at("127.0.0.1", path)
    }

    /// The same by another name of this machine.
    #[must_use]
    pub fn url_at(&self, host: &str, path: &str) -> String {
        format!("{}://{host}:{}/{path}", self.scheme, self.port)
    }

    /// The port it listens at.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From here on `/git/` answers with this status.
    ///
    /// # Panics
    /// For a status that was not foreseen.
    pub fn answer_with(&self, status: u16) {
        assert!(STATUSES.contains(&status), "{status}");
        fs::write(self.switch(&status.to_string()), "").expect("a scratch folder can be written");
    }

    /// From here on `/git/` answers with a web page, as the portal of a hotel does.
    pub fn answer_with_a_page(&self) {
        fs::write(self.switch("page"), "").expect("a scratch folder can be written");
    }

    /// From here on `/git/` answers as it should.
    pub fn answer(&self) {
        for name in STATUSES.map(|status| status.to_string()) {
            let _was_not = fs::remove_file(self.switch(&name));
        }
        let _was_not = fs::remove_file(self.switch("page"));
    }

    /// The requests so far, one a line: `METHOD URI STATUS`, the user, and whether a credential
    /// came with it.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join("access")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn switch(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("answer-{name}"))
    }
}

fn settings(
    folder: &Path,
    root: &Path,
    port: u16,
    certificate: Option<&Certificate>,
    elsewhere: Option<&str>,
) -> String {
    let here = folder.display();
    let tls = certificate.map(|one| {
        let (certificate, key) = (one.certificate.display(), one.key.display());
        format!("ssl_certificate {certificate}; ssl_certificate_key {key};")
    });
    let elsewhere = elsewhere.map(|address| {
        // A `return` would come before the login.
        format!(
            "location ~ ^/elsewhere/(.*)$ {{ return 301 {address}$1$is_args$args; }}
            location ~ ^/guarded/(.*)$ {{
                auth_basic acme; auth_basic_user_file {here}/users;
                try_files /no-such-file @guarded;
            }}
            location @guarded {{ rewrite ^/guarded/(.*)$ {address}$1 permanent; }}"
        )
    });
    let switches: String = STATUSES
        .iter()
        .map(|status| format!("if (-f {here}/answer-{status}) {{ return {status}; }}\n"))
        .collect();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {here}/{kind};\n"))
        .collect();
    let backend = backend(folder, root);
    // As root it would do its work as nobody, who may read nothing of ours.
    let user = if rustix::process::geteuid().is_root() {
        "user root root;"
    } else {
        ""
    };
    // One process, so that its end is the end.
    format!(
        r#"daemon off; master_process off; pid {here}/pid; {user}
events {{ worker_connections 256; }}
http {{
  {temporary}
  map $http_authorization $credential {{ "" none; default credential; }}
  log_format lines '$request_method $request_uri $status "$remote_user" $credential';
  access_log {here}/access lines;
  client_max_body_size 64m;
  absolute_redirect off;
  server {{
    listen 127.0.0.1:{port}{ssl};
    {tls}
    location ~ ^/git(/.*)$ {{
      add_header Retry-After {RETRY_AFTER_SECONDS} always;
      {switches}
      if (-f {here}/answer-page) {{ rewrite ^ /page last; }}
      fastcgi_param REMOTE_USER anonymous;
      {backend}
    }}
    location ~ ^/private(/.*)$ {{
      auth_basic acme; auth_basic_user_file {here}/users;
      fastcgi_param REMOTE_USER $remote_user;
      {backend}
    }}
    {bearer}
    location ~ ^/readable(/.*)$ {{ {backend} }}
    location ~ ^/moved/(.*)$ {{ return 301 /private/$1$is_args$args; }}
    location = /page {{ default_type text/html; return 200 "<h1>Welcome to our hotel</h1>"; }}
    {elsewhere}
  }}
}}
"#,
        ssl = if tls.is_some() { " ssl" } else { "" },
        tls = tls.unwrap_or_default(),
        bearer = bearer(&backend),
        elsewhere = elsewhere.unwrap_or_default(),
    )
}

/// What takes the password as a bearer's token alone.
fn bearer(backend: &str) -> String {
    format!(
        "location ~ ^/bearer(/.*)$ {{
      if ($http_authorization != \"Bearer {PASSWORD}\") {{
        add_header WWW-Authenticate 'Bearer realm=\"acme\"' always;
        return 401;
      }}
      fastcgi_param REMOTE_USER bearer;
      {backend}
    }}"
    )
}

/// How a request reaches git; source: git-http-backend(1), with nginx's fastcgi_params(5).
fn backend(folder: &Path, root: &Path) -> String {
    let programs = Ran::run(Command::new("git").arg("--exec-path"), "")
        .done()
        .stdout;
    let programs = programs.trim();
    let (here, root) = (folder.display(), root.display());
    let path = std::env::var("PATH").unwrap_or_default();
    format!(
        "fastcgi_pass unix:{here}/fcgi;
      fastcgi_param SCRIPT_FILENAME {programs}/git-http-backend;
      fastcgi_param GIT_PROJECT_ROOT {root};
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      fastcgi_param PATH {path};
      fastcgi_param PATH_INFO $1;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
      fastcgi_param SERVER_PROTOCOL $server_protocol;
      fastcgi_param REMOTE_ADDR $remote_addr;"
    )
}
