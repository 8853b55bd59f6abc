//! Serves one connection: rmcp speaks the protocol of both eras, this answers its questions.
#![expect(
    deprecated,
    reason = "what 2026-07-28 deprecates is a part of the sessions before it"
)]

use std::{pin::Pin, sync::Arc};

use protocol::{
    answer::Outcome,
    frame::FRAME_BYTES_MAX,
    request::{Context, Request},
};
use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
        ExperimentalCapabilities, GetPromptRequestParams, GetPromptResponse, Implementation,
        JsonObject, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
        ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
        RequestId, ServerCapabilities, ServerConfig, SetLevelRequestParams, SubscribeRequestParams,
        SubscriptionFilter, UnsubscribeRequestParams,
    },
    service::{NotificationContext, RequestContext, ServerInitializeError, SubscriptionContext},
    transport::async_rw::AsyncRwTransport,
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    aliases, completion,
    connection::Connection,
    gate::Gate,
    handler,
    instructions::INSTRUCTIONS,
    news::{Listen, News},
    prompts, resources,
    roots::Roots,
    subscriptions::{self, CHANNEL, Subscriptions},
    text,
    tools::{self, Tool},
    under_way,
};

/// Carries out one request. It is called for every tool call, from many tasks at once.
pub type Ask =
    Arc<dyn Fn(Context, Request) -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

/// What is known of a connection before its first MCP message.
#[derive(Clone, Debug)]
pub struct Session {
    /// [`protocol::hello::Hello::session`]: with the JSON-RPC id it makes
    /// [`Context::resent_as`].
    pub key: String,
    /// Whether the tools that write are withheld.
    pub read_only: bool,
    /// Whether `claude/channel` is offered: a notification when it becomes this reader's turn.
    pub channel: bool,
    /// `X.Y.Z`, told to clients as the server's version.
    pub version: String,
}

/// Why a connection was not served to its end. A client that leaves is no error.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The first message was none that opens a session; the connection was closed.
    #[error("the client opened no session of the Model Context Protocol")]
    NoSession,
    /// The connection failed while the session was opened.
    #[error("the connection failed while a session was opened")]
    Connection,
    /// The task that served the connection ended in a panic.
    #[error("serving the connection ended in a panic")]
    Panicked(#[source] tokio::task::JoinError),
}

/// A JSON-RPC id longer than this names no call for [`Context::resent_as`]; clients count from 0.
const ID_BYTES_MAX: usize = 256;

/// The most characters of a client's name.
const CLIENT_CHARS_MAX: usize = 100;

const NAME: &str = "watercooler";

/// Serves MCP on a connection until the client leaves.
///
/// Both eras are served on one stream: `initialize` sessions (2024-11-05 to 2025-11-25) and
/// self-describing requests (2026-07-28). Lines over [`FRAME_BYTES_MAX`] are dropped. Dropping the
/// future closes the connection; calls that were begun are carried out all the same.
///
/// # Errors
/// [`ServeError`]; that the client left is `Ok`.
pub async fn serve<S>(
    stream: S,
    session: Session,
    ask: Ask,
    listen: Listen,
) -> Result<(), ServeError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (read, write) = tokio::io::split(stream);
    let lines = AsyncRwTransport::new_server(read, write).with_max_line_length(FRAME_BYTES_MAX);
    let server = handler(Server::new(session, ask, listen));
    match server.serve(Gate::new(lines)).await {
        Ok(running) => running
            .waiting()
            .await
            .map(drop)
            .map_err(ServeError::Panicked),
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {
            Ok(())
        }
        Err(ServerInitializeError::TransportError { .. }) => Err(ServeError::Connection),
        // Its own words repeat the message, which may hold a body.
        Err(_) => Err(ServeError::NoSession),
    }
}

/// One connection's server: what it offers, and what it is told.
pub(crate) struct Server {
    connection: Arc<Connection>,
    config: ServerConfig,
    session: Session,
    listen: Listen,
    subscriptions: Subscriptions,
    roots: Roots,
}

impl Server {
    pub(crate) fn new(session: Session, ask: Ask, listen: Listen) -> Self {
        let config = ServerConfig::new(capabilities(session.channel))
            .with_server_info(Implementation::new(NAME, &session.version))
            .with_instructions(INSTRUCTIONS);
        Self {
            connection: Arc::new(Connection::new(ask, session.read_only)),
            config,
            subscriptions: Subscriptions::new(session.channel),
            session,
            listen,
            roots: Roots::default(),
        }
    }

    /// What is known of a request besides its parameters.
    async fn facts(&self, context: &RequestContext<RoleServer>) -> Context {
        let client = context.client_info();
        Context {
            client: client.map(|client| text::clipped(&client.name, CLIENT_CHARS_MAX)),
            code_path: None,
            roots: self.roots.of(&context.peer).await.to_vec(),
            repository: None,
            resent_as: resent_as(&self.session.key, &context.id),
        }
    }

    fn news(&self, facts: Context) -> Box<dyn News> {
        (self.listen)(facts)
    }
}

/// The lists of tools and of prompts change where a client that stays meets another daemon, which
/// the shim tells it.
fn capabilities(channel: bool) -> ServerCapabilities {
    let mut capabilities = ServerCapabilities::builder()
        .enable_logging()
        .enable_completions()
        .enable_prompts()
        .enable_prompts_list_changed()
        .enable_resources()
        .enable_resources_list_changed()
        .enable_resources_subscribe()
        .enable_tools()
        .enable_tool_list_changed()
        .build();
    if channel {
        let offered = (CHANNEL.to_owned(), JsonObject::new());
        capabilities.experimental = Some(ExperimentalCapabilities::from([offered]));
    }
    capabilities
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        self.config.clone()
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = tools::listed(self.session.read_only);
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn on_roots_list_changed(&self, _context: NotificationContext<RoleServer>) {
        self.roots.changed().await;
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(named) = aliases::named(&call.name) else {
            let known: Vec<_> = Tool::ALL
                .iter()
                .map(|tool| tool.definition().name)
                .collect();
            let message = format!("unknown tool; the tools are {}", known.join(", "));
            return Err(ErrorData::invalid_params(message, None));
        };
        let facts = self.facts(&context).await;
        let connection = Arc::clone(&self.connection);
        let arguments = call.arguments.unwrap_or_default();
        let called = async move { connection.call(named, arguments, facts).await };
        Ok(under_way::call(named.tool, called, &context).await.into())
    }

    async fn list_resources(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = page.and_then(|page| page.cursor);
        resources::list(&self.connection, &self.facts(&context).await, cursor).await
    }

    async fn list_resource_templates(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(resources::templates())
    }

    async fn read_resource(
        &self,
        asked: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let facts = self.facts(&context).await;
        let read = resources::read(&self.connection, &facts, &asked.uri).await?;
        Ok(read.into())
    }

    async fn list_prompts(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(prompts::listed())
    }

    async fn get_prompt(
        &self,
        asked: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let facts = self.facts(&context).await;
        let prompt = prompts::get(&self.connection, &facts, &asked.name, asked.arguments).await?;
        Ok(prompt.into())
    }

    async fn complete(
        &self,
        asked: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        completion::complete(&self.connection, &self.facts(&context).await, &asked).await
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let client = context.peer.peer_info();
        let facts = Context {
            client: client.map(|info| text::clipped(&info.client_info.name, CLIENT_CHARS_MAX)),
            roots: self.roots.of(&context.peer).await.to_vec(),
            ..Context::default()
        };
        self.subscriptions.begin(&context.peer, || self.news(facts));
    }

    async fn set_level(
        &self,
        asked: SetLevelRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.subscriptions.set_level(asked.level);
        Ok(())
    }

    async fn subscribe(
        &self,
        asked: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.subscriptions.subscribe(asked.uri)?;
        // One that subscribes before it says that it is initialized is told too.
        let facts = self.facts(&context).await;
        self.subscriptions.begin(&context.peer, || self.news(facts));
        Ok(())
    }

    async fn unsubscribe(
        &self,
        asked: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.subscriptions.unsubscribe(&asked.uri);
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(subscriptions::accepted(requested))
    }

    async fn listen(&self, asked: SubscriptionContext) -> Result<(), ErrorData> {
        let news = self.news(self.facts(asked.request_context()).await);
        self.subscriptions.listen(&asked, news).await
    }
}

/// Distinguishes the number 7 from the string "7".
fn resent_as(session: &str, id: &RequestId) -> Option<String> {
    match id {
        RequestId::Number(number) => Some(format!("{session}:{number}")),
        RequestId::String(text) if text.len() <= ID_BYTES_MAX => {
            Some(format!("{session}:\"{text}\""))
        }
        RequestId::String(_) => None,
    }
}
