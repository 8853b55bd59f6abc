//! Resources of the suite, and the smallest picture and sound.

use rmcp::model::{
    ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult, Resource,
    ResourceContents, ResourceTemplate,
};
use serde_json::{Value, json};

/// A PNG of one red pixel, in base64.
pub(super) const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

/// A WAV without a sample, in base64.
pub(super) const SOUND: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

const TEMPLATE: &str = "test://template/{id}/data";

/// Whether an address is the suite's.
pub(super) fn is_ours(uri: &str) -> bool {
    uri.starts_with("test://")
}

/// Adds the suite's to a list.
pub(super) fn list(listed: &mut ListResourcesResult) {
    for (uri, mime) in [
        ("test://static-text", "text/plain"),
        ("test://static-binary", "image/png"),
        ("test://watched-resource", "text/plain"),
    ] {
        let resource = Resource::new(uri, uri).with_description("A fixture");
        listed.resources.push(resource.with_mime_type(mime));
    }
}

/// Adds the suite's to a list.
pub(super) fn templates(listed: &mut ListResourceTemplatesResult) {
    let template = ResourceTemplate::new(TEMPLATE, "template").with_description("A fixture");
    listed.resource_templates.push(template);
}

/// What stands at an address of the suite's.
pub(super) fn read(uri: &str) -> Option<ReadResourceResult> {
    let contents = match uri {
        "test://static-text" => {
            let text = "This is the content of the static text resource.";
            ResourceContents::text(text, uri).with_mime_type("text/plain")
        }
        "test://static-binary" => ResourceContents::blob(PICTURE, uri).with_mime_type("image/png"),
        "test://watched-resource" => {
            ResourceContents::text("Watched.", uri).with_mime_type("text/plain")
        }
        _ => {
            let id = uri
                .strip_prefix("test://template/")?
                .strip_suffix("/data")?;
            let data = json!({
                "id": id, "templateTest": true, "data": format!("Data for ID: {id}"),
            });
            ResourceContents::text(data.to_string(), uri).with_mime_type("application/json")
        }
    };
    Some(ReadResourceResult::new(vec![contents]))
}

/// A block of content that is a resource.
pub(super) fn embedded(uri: &str, mime: &str, text: &str) -> Value {
    json!({"type": "resource", "resource": {"uri": uri, "mimeType": mime, "text": text}})
}

/// A block of content that is a picture.
pub(super) fn picture() -> Value {
    json!({"type": "image", "data": PICTURE, "mimeType": "image/png"})
}
