//! The script: allow, deny, step-up, reload, a change that can't be loaded, and the way back by `git revert`.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, WWW_AUTHENTICATE};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use precinct_audit::verify::{Verdict, verify};
use precinct_bundle::{Limits, directory};
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch::Receiver;
use tokio_rustls::TlsConnector;

use crate::certificates::{Authority, Leaf, OPERATOR, RESEARCHER};
use crate::login::{Approval, Login};
use crate::policies::{Loaded, Served};
use crate::{Parts, start, upstream};

/// How long a change may take to be served.
const RELOAD: Duration = Duration::from_secs(10);
/// The file that the script changes, and the grant that it takes away.
const GRANTS: &str = "precinct/capabilities.rego";
const GRANTED: &str = r#""*-researcher": {"tool.default.mcp", "model.groq.openai_compat"}"#;
const TAKEN: &str = r#""*-researcher": {"model.groq.openai_compat"}"#;

/// What a client was told.
struct Answer {
    status: u16,
    challenge: Option<String>,
    body: Value,
}

struct Script {
    address: SocketAddr,
    authority: Authority,
    researcher: Leaf,
    operator: Leaf,
    step: u32,
}

/// Runs the script on a copy of the policies, with the state of sessions in Redis if there is an address.
pub async fn run(policies: &Path, redis: Option<&str>) -> Result<()> {
    let place = tempfile::tempdir().context("make a folder for the demo")?;
    let copy = place.path().join("policies");
    copied(policies, &copy)?;
    git(&copy, &["init", "--quiet"])?;
    git(&copy, &["add", "--all"])?;
    git(&copy, &["commit", "--quiet", "--message", "The policies"])?;

    let authority = Authority::new()?;
    let login = Login::new()?;
    let records = place.path().join("records");
    let served = Served::watched(&copy, &records)?;
    let upstream = upstream::start().await?;
    let gateway = start(
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        &Parts {
            authority: &authority,
            login: &login,
            served: &served,
            records: &records,
            upstream: &upstream,
            redis,
        },
    )
    .await?;
    let mut script = Script {
        address: gateway.address,
        researcher: authority.agent(RESEARCHER)?,
        operator: authority.agent(OPERATOR)?,
        authority,
        step: 0,
    };
    script.decisions(&login).await?;
    script.changes(&copy, &served).await?;
    drop(served);
    match verify(&records)? {
        Verdict::Intact { records, .. } => {
            println!("\n{records} decisions are on record, and their chain is whole");
        }
        Verdict::Broken(broken) => bail!("{broken}"),
    }
    Ok(())
}

impl Script {
    async fn decisions(&mut self, login: &Login) -> Result<()> {
        self.says("an agent without a certificate gets no connection");
        ensure!(
            self.ask(None, "web_search", None).await.is_err(),
            "it got one"
        );
        println!("   refused by TLS");

        self.says("a researcher searches: allow");
        let answer = self.ask(Some(&self.researcher), "web_search", None).await?;
        shown(&answer, 200, None)?;

        self.says("a researcher wants a shell: deny, with the reason and the decision's name");
        let answer = self
            .ask(Some(&self.researcher), "execute_shell", None)
            .await?;
        shown(&answer, 403, Some("capability_not_granted"))?;

        self.says("an operator wants a shell: a challenge");
        let answer = self
            .ask(Some(&self.operator), "execute_shell", None)
            .await?;
        shown(&answer, 401, Some("high_risk_tool"))?;
        ensure!(answer.challenge.is_some(), "there is no challenge");

        self.says("with a token of the login service, the retry passes");
        let token = login.approve(&Approval {
            agent: OPERATOR.to_owned(),
            tool: "execute_shell".to_owned(),
        })?;
        let answer = self
            .ask(Some(&self.operator), "execute_shell", Some(&token))
            .await?;
        shown(&answer, 200, None)?;

        self.says("once: the same token is challenged again");
        let answer = self
            .ask(Some(&self.operator), "execute_shell", Some(&token))
            .await?;
        shown(&answer, 401, None)
    }

    async fn changes(&mut self, folder: &Path, served: &Served) -> Result<()> {
        let path = folder.join(GRANTS);
        let before = std::fs::read_to_string(&path)?;
        let after = before.replace(GRANTED, TAKEN);
        ensure!(
            before != after,
            "{GRANTS} does not grant what the demo takes away"
        );
        let mut loaded = served.loaded();
        let first = loaded.borrow().clone();

        self.says("the grant is taken away by a commit: the running gateway denies");
        replace(&path, &after)?;
        until(&mut loaded, |now| now.is_ok() && *now != first).await?;
        let second = loaded.borrow().clone();
        git(
            folder,
            &[
                "commit",
                "--quiet",
                "--all",
                "--message",
                "Researchers don't search",
            ],
        )?;
        let answer = self.ask(Some(&self.researcher), "web_search", None).await?;
        shown(&answer, 403, Some("capability_not_granted"))?;

        self.says("a change that does not compile is refused, and the old policy goes on");
        replace(&path, &format!("{after}\nallow if nobody_knows\n"))?;
        until(&mut loaded, Loaded::is_err).await?;
        let answer = self.ask(Some(&self.researcher), "web_search", None).await?;
        shown(&answer, 403, Some("capability_not_granted"))?;
        git(folder, &["checkout", "--quiet", "--", GRANTS])?;
        until(&mut loaded, |now| *now == second).await?;

        self.says("git revert: the researcher searches again");
        git(folder, &["revert", "--no-edit", "HEAD"])?;
        until(&mut loaded, |now| *now == first).await?;
        let answer = self.ask(Some(&self.researcher), "web_search", None).await?;
        shown(&answer, 200, None)
    }

    fn says(&mut self, text: &str) {
        self.step += 1;
        println!("\n{}. {text}", self.step);
    }

    /// Calls a tool over a connection of its own.
    async fn ask(&self, leaf: Option<&Leaf>, tool: &str, token: Option<&str>) -> Result<Answer> {
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost")?;
        let connector = TlsConnector::from(self.authority.client(leaf)?);
        let stream = connector.connect(name, stream).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let talking = tokio::spawn(connection);
        let call = json!({
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool, "arguments": {"q": "rego"}},
        });
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/mcp")
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = Full::new(Bytes::from(call.to_string()));
        let answer = sender.send_request(request.body(body)?).await?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        talking.abort();
        let challenge = parts.headers.get(WWW_AUTHENTICATE);
        Ok(Answer {
            status: parts.status.as_u16(),
            challenge: challenge.and_then(|value| Some(value.to_str().ok()?.to_owned())),
            body: serde_json::from_slice(&body).context("read the answer")?,
        })
    }
}

/// Prints an answer and checks that it is the one that the script is about.
fn shown(answer: &Answer, status: u16, reason: Option<&str>) -> Result<()> {
    println!("   {} {}", answer.status, answer.body);
    if let Some(challenge) = &answer.challenge {
        println!("   WWW-Authenticate: {challenge}");
    }
    ensure!(answer.status == status, "expected the status {status}");
    if let Some(reason) = reason {
        ensure!(
            answer.body["reason"] == reason,
            "expected the reason {reason}"
        );
    }
    Ok(())
}

/// Waits for what the script has brought about: git replaces one file after the other, so there may be steps on the way.
async fn until(loaded: &mut Receiver<Loaded>, is_reached: impl Fn(&Loaded) -> bool) -> Result<()> {
    tokio::time::timeout(RELOAD, loaded.wait_for(is_reached))
        .await
        .context("the change was not served in time")??;
    Ok(())
}

/// Replaces a file in one step, so that nobody reads a half of it.
fn replace(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().context("the file has no folder")?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

fn copied(from: &Path, to: &Path) -> Result<()> {
    let files = directory::read(from, &Limits::default(), |_| false)?;
    for (path, bytes) in files.iter() {
        let path = to.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, bytes)?;
    }
    Ok(())
}

fn git(folder: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=demo", "-c", "user.email=demo@poc.local"])
        .args(["-c", "commit.gpgsign=false"])
        .args(arguments)
        .output()
        .context("start git")?;
    if !output.status.success() {
        bail!("git: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    println!("   git {}", arguments.join(" "));
    Ok(())
}
