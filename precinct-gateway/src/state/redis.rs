//! State that several gateways share, in Redis or Valkey.
//!
//! Each step is one Lua script, which the server runs as a whole: two gateways never see the same count, and no token
//! is spent twice. Keys begin with the prefix that was given: `session:…` (a hash), `tools:…` (a list),
//! `window:…` (a hash for each minute) and `spent:…`. All of them expire.

use std::time::Duration;

use redis::aio::ConnectionManager;
use redis::{RedisError, Script};

use super::session::TOOLS_KEPT;
use super::{Answer, Exceeded, Session, State, Unavailable};
use crate::registry::RateLimit;

const BEGIN: &str = r"
local session = redis.call('HMGET', KEYS[1], 'requests', 'risk')
local tools = redis.call('LRANGE', KEYS[2], 0, -1)
redis.call('HINCRBY', KEYS[1], 'requests', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return {session[1] or '0', session[2] or '0', tools}
";

const TOOL_CALLED: &str = r"
redis.call('RPUSH', KEYS[2], ARGV[2])
redis.call('LTRIM', KEYS[2], -tonumber(ARGV[3]), -1)
redis.call('PEXPIRE', KEYS[2], ARGV[1])
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[1], 'risk', ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return 1
";

// Minutes are those of the server's clock, so that all gateways count in the same windows. The part of the last minute
// that lies within sixty seconds counts with its average.
const REQUEST: &str = r"
local time = redis.call('TIME')
local minute = math.floor(tonumber(time[1]) / 60)
local left = 60 - (tonumber(time[1]) % 60)
local current, last = KEYS[1] .. ':' .. minute, KEYS[1] .. ':' .. (minute - 1)
local now = redis.call('HMGET', current, 'requests', 'tokens')
local before = redis.call('HMGET', last, 'requests', 'tokens')
local function used(i)
  return tonumber(now[i] or 0) + math.floor(tonumber(before[i] or 0) * left / 60)
end
if ARGV[1] ~= '' and used(1) >= tonumber(ARGV[1]) then return 1 end
if ARGV[2] ~= '' and used(2) >= tonumber(ARGV[2]) then return 2 end
redis.call('HINCRBY', current, 'requests', 1)
redis.call('EXPIRE', current, 120)
return 0
";

const USED: &str = r"
local time = redis.call('TIME')
local current = KEYS[1] .. ':' .. math.floor(tonumber(time[1]) / 60)
redis.call('HINCRBY', current, 'tokens', ARGV[1])
redis.call('EXPIRE', current, 120)
return 1
";

const SPEND: &str = r"
if redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return 1 else return 0 end
";

/// How long the server may take for one step; after that the request is denied.
const PATIENCE: Duration = Duration::from_secs(2);

/// State in Redis or Valkey.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    prefix: String,
    lifetime_ms: u64,
    scripts: Scripts,
}

#[derive(Clone)]
struct Scripts {
    begin: Script,
    tool_called: Script,
    request: Script,
    used: Script,
    spend: Script,
}

impl From<RedisError> for Unavailable {
    fn from(error: RedisError) -> Self {
        Self(error.to_string())
    }
}

impl Redis {
    /// Connects to `redis://…` or `rediss://…`; all keys begin with `prefix`, and sessions are forgotten when they were
    /// idle for `lifetime`. A connection that breaks is made again.
    ///
    /// # Errors
    /// When the address is wrong or nobody answers there.
    pub async fn connect(
        address: &str,
        prefix: &str,
        lifetime: Duration,
    ) -> Result<Self, Unavailable> {
        let config = redis::aio::ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        let client = redis::Client::open(address)?;
        let connection = ConnectionManager::new_with_config(client, config).await?;
        Ok(Self {
            connection,
            prefix: prefix.to_owned(),
            lifetime_ms: u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX >> 12),
            scripts: Scripts {
                begin: Script::new(BEGIN),
                tool_called: Script::new(TOOL_CALLED),
                request: Script::new(REQUEST),
                used: Script::new(USED),
                spend: Script::new(SPEND),
            },
        })
    }

    fn key(&self, kind: &str, name: &str) -> String {
        format!("{}{kind}:{name}", self.prefix)
    }
}

fn bound(limit: Option<u64>) -> String {
    limit.map_or_else(String::new, |limit| limit.to_string())
}

impl State for Redis {
    fn begin<'s>(&'s self, session: &'s str) -> Answer<'s, Session> {
        Box::pin(async move {
            let mut connection = self.connection.clone();
            let (requests, risk, tools): (u64, f64, Vec<String>) = self
                .scripts
                .begin
                .key(self.key("session", session))
                .key(self.key("tools", session))
                .arg(self.lifetime_ms)
                .invoke_async(&mut connection)
                .await?;
            Ok(Session {
                requests,
                risk,
                tools,
            })
        })
    }

    fn tool_called<'s>(
        &'s self,
        session: &'s str,
        tool: &'s str,
        risk: Option<f64>,
    ) -> Answer<'s, ()> {
        Box::pin(async move {
            let mut connection = self.connection.clone();
            let risk = risk
                .filter(|risk| risk.is_finite())
                .map_or_else(String::new, |risk| risk.clamp(0.0, 1.0).to_string());
            let _: i64 = self
                .scripts
                .tool_called
                .key(self.key("session", session))
                .key(self.key("tools", session))
                .arg(self.lifetime_ms)
                .arg(tool)
                .arg(TOOLS_KEPT)
                .arg(risk)
                .invoke_async(&mut connection)
                .await?;
            Ok(())
        })
    }

    fn request<'s>(
        &'s self,
        caller: &'s str,
        capability: &'s str,
        limit: RateLimit,
    ) -> Answer<'s, Result<(), Exceeded>> {
        Box::pin(async move {
            let mut connection = self.connection.clone();
            let answer: i64 = self
                .scripts
                .request
                .key(self.key("window", &format!("{caller} {capability}")))
                .arg(bound(limit.requests_per_minute.map(u64::from)))
                .arg(bound(limit.tokens_per_minute))
                .invoke_async(&mut connection)
                .await?;
            match answer {
                0 => Ok(Ok(())),
                1 => Ok(Err(Exceeded::Requests)),
                2 => Ok(Err(Exceeded::Tokens)),
                other => Err(Unavailable(format!(
                    "expected 0, 1 or 2 of the limit's script, found {other}"
                ))),
            }
        })
    }

    fn used<'s>(&'s self, caller: &'s str, capability: &'s str, tokens: u64) -> Answer<'s, ()> {
        Box::pin(async move {
            let mut connection = self.connection.clone();
            let _: i64 = self
                .scripts
                .used
                .key(self.key("window", &format!("{caller} {capability}")))
                .arg(tokens)
                .invoke_async(&mut connection)
                .await?;
            Ok(())
        })
    }

    fn spend<'s>(&'s self, token: &'s str, lifetime: Duration) -> Answer<'s, bool> {
        Box::pin(async move {
            let mut connection = self.connection.clone();
            let lifetime = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX >> 12);
            let first: i64 = self
                .scripts
                .spend
                .key(self.key("spent", token))
                .arg(lifetime.max(1))
                .invoke_async(&mut connection)
                .await?;
            Ok(first == 1)
        })
    }
}
