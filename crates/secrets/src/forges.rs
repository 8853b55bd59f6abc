//! The ssh keys that forges publish for their servers, so that nobody has to compare fingerprints for
//! them. RSA keys are left out: each of these servers has better ones.

/// Lines of a `known_hosts` file.
///
/// Sources, each with its fingerprints: docs.github.com "GitHub's SSH key fingerprints",
/// docs.gitlab.com "GitLab.com settings, SSH host keys fingerprints", support.atlassian.com
/// "Configure SSH and two-step verification", docs.codeberg.org "SSH fingerprints".
pub(crate) const PUBLISHED: &str = "\
github.com,[ssh.github.com]:443 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl
github.com,[ssh.github.com]:443 ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=
gitlab.com,[altssh.gitlab.com]:443 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf
gitlab.com,[altssh.gitlab.com]:443 ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBFSMqzJeV9rUzU4kWitGjeR4PWSa29SPqJ1fVkhtj3Hw9xjLVXVYrU9QlYWrOLXBpQ6KWjbjTDTdDkoohFzgbEY=
bitbucket.org,[altssh.bitbucket.org]:443 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO
bitbucket.org,[altssh.bitbucket.org]:443 ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPIQmuzMBuKdWeF4+a2sjSSpBK0iqitSQ+5BM9KhpexuGt20JpTVM7u5BDZngncgrqDMbWdxMWWOGtZ9UgbqgZE=
codeberg.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIVIC02vnjFyL+I4RHfvIGNtOgJMe769VTF1VR4EB3ZB
codeberg.org ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBL2pDxWr18SoiDJCGZ5LmxPygTlPu+cCKSkpqkvCyQzl5xmIMeKNdfdBpfbCGDPoZQghePzFZkKJNR/v9Win3Sc=
";

/// Where a forge takes a deploy key, and what such keys are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployKeyPage {
    /// The address.
    pub url: String,
    /// Whether they can be allowed to write. Bitbucket's access keys cannot; source:
    /// support.atlassian.com "Access keys".
    pub may_write: bool,
}

/// A forge's page for the deploy keys of the repository at `path`; `None` for other hosts.
pub(crate) fn deploy_key_page(host: &str, path: &str) -> Option<DeployKeyPage> {
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let page = match host {
        "github.com" | "ssh.github.com:443" => "settings/keys/new",
        "gitlab.com" | "altssh.gitlab.com:443" => "-/settings/repository#js-deploy-keys-settings",
        "bitbucket.org" => "admin/access-keys/",
        "codeberg.org" => "settings/keys",
        _ => return None,
    };
    let host = match host {
        "ssh.github.com:443" => "github.com",
        "altssh.gitlab.com:443" => "gitlab.com",
        other => other,
    };
    Some(DeployKeyPage {
        url: format!("https://{host}/{path}/{page}"),
        may_write: host != "bitbucket.org",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;

    #[test]
    fn the_keys_have_the_published_fingerprints() {
        let fingerprints: Vec<String> = PUBLISHED
            .lines()
            .map(|line| keys::fingerprint(line.split_once(' ').unwrap().1).unwrap())
            .collect();
        let published = [
            "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
            "SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
            "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8",
            "SHA256:HbW3g8zUjNSksFbqTiUWPWg2Bq1x8xdGUrliXFzSnUw",
            "SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM",
            "SHA256:FC73VB6C4OQLSCrjEayhMp9UMxS97caD/Yyi2bhW/J0",
            "SHA256:mIlxA9k46MmM6qdJOdMnAQpzGxF4WIVVL+fj+wZbw0g",
            "SHA256:T9FYDEHELhVkulEKKwge5aVhVTbqCW0MIRwAfpARs/E",
        ];
        assert_eq!(fingerprints, published);
    }

    #[test]
    fn a_forge_has_a_page_for_deploy_keys() {
        let check = |host: &str, path: &str, expected: Option<&str>| {
            let page = deploy_key_page(host, path);
            assert_eq!(page.as_ref().map(|page| page.url.as_str()), expected);
            assert!(page.is_none_or(|page| page.may_write != (host == "bitbucket.org")));
        };
        check(
            "github.com",
            "acme/t.git",
            Some("https://github.com/acme/t/settings/keys/new"),
        );
        check(
            "altssh.gitlab.com:443",
            "/acme/sub/t.git",
            Some("https://gitlab.com/acme/sub/t/-/settings/repository#js-deploy-keys-settings"),
        );
        check(
            "bitbucket.org",
            "acme/t.git",
            Some("https://bitbucket.org/acme/t/admin/access-keys/"),
        );
        check("git.example", "acme/t.git", None);
    }
}
