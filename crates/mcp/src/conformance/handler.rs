//! The server as it is, with the suite's fixtures beside what it offers.

use std::sync::LazyLock;

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
        GetPromptRequestParams, GetPromptResponse, ListPromptsResult, ListResourceTemplatesResult,
        ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams,
        ReadResourceResponse, Reference, ServerConfig, SetLevelRequestParams,
        SubscribeRequestParams, SubscriptionFilter, UnsubscribeRequestParams,
    },
    service::{NotificationContext, RequestContext, SubscriptionContext, SubscriptionSink},
};
use tokio::sync::broadcast;

use super::{content, prompts, tools};
use crate::session::Server;

/// How many changes wait for a listener.
const CHANGES_LEN: usize = 16;

// One request changes what another one hears of, and over HTTP each has a server of its own.
static CHANGES: LazyLock<broadcast::Sender<Change>> =
    LazyLock::new(|| broadcast::Sender::new(CHANGES_LEN));

/// A list that is another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Tools,
    Prompts,
}

/// Tells whoever listens.
pub(super) fn tell(change: Change) {
    // Where nobody listens there is nobody to tell.
    let _ = CHANGES.send(change);
}

/// The server as it is, and the suite's fixtures.
pub(crate) struct Fixtures(Server);

/// The server with the fixtures around it.
pub(crate) fn handler(server: Server) -> Fixtures {
    Fixtures(server)
}

impl ServerHandler for Fixtures {
    fn get_info(&self) -> ServerConfig {
        self.0.get_info()
    }

    async fn list_tools(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut listed = self.0.list_tools(page, context).await?;
        listed.tools.extend(tools::listed());
        Ok(listed)
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        match tools::call(&call, &context).await {
            Some(result) => result,
            None => self.0.call_tool(call, context).await,
        }
    }

    async fn list_resources(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut listed = self.0.list_resources(page, context).await?;
        content::list(&mut listed);
        Ok(listed)
    }

    async fn list_resource_templates(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let mut listed = self.0.list_resource_templates(page, context).await?;
        content::templates(&mut listed);
        Ok(listed)
    }

    async fn read_resource(
        &self,
        asked: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        match content::read(&asked.uri) {
            Some(read) => Ok(read.into()),
            None => self.0.read_resource(asked, context).await,
        }
    }

    async fn list_prompts(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let mut listed = self.0.list_prompts(page, context).await?;
        prompts::list(&mut listed);
        Ok(listed)
    }

    async fn get_prompt(
        &self,
        asked: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        match prompts::get(&asked, context.client_capabilities()) {
            Some(prompt) => prompt,
            None => self.0.get_prompt(asked, context).await,
        }
    }

    async fn complete(
        &self,
        asked: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let prompt = Reference::as_prompt_name(&asked.r#ref);
        if prompt.is_some_and(|name| name.starts_with("test_")) {
            return Ok(CompleteResult::default());
        }
        self.0.complete(asked, context).await
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.0.on_initialized(context).await;
    }

    async fn set_level(
        &self,
        asked: SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0.set_level(asked, context).await
    }

    async fn subscribe(
        &self,
        asked: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if content::is_ours(&asked.uri) {
            return Ok(());
        }
        self.0.subscribe(asked, context).await
    }

    async fn unsubscribe(
        &self,
        asked: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0.unsubscribe(asked, context).await
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        self.0.accepted_subscription_filter(requested)
    }

    async fn listen(&self, asked: SubscriptionContext) -> Result<(), ErrorData> {
        let sink = asked.sink().clone();
        tokio::select! {
            ended = self.0.listen(asked) => ended,
            () = pass_on(sink) => Ok(()),
        }
    }
}

/// Tells a listener of changes, for as long as there is one.
async fn pass_on(sink: SubscriptionSink) {
    let mut changes = CHANGES.subscribe();
    while let Ok(change) = changes.recv().await {
        // What the listener did not ask for is refused to it, and no end.
        let _ = match change {
            Change::Tools => sink.notify_tool_list_changed().await,
            Change::Prompts => sink.notify_prompt_list_changed().await,
        };
    }
}
