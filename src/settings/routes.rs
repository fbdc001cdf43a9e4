//! HTTP of settings that change while the server runs.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Setting;
use crate::App;
use crate::error::Result;
use crate::http::extract::{Admin, Body};
use crate::http::problem::Problem;

/// A setting.
#[derive(Serialize, ToSchema)]
#[schema(as = Setting)]
pub struct SettingView {
    /// As in `config.toml`: section and name.
    key: &'static str,
    value: Value,
    /// boolean, number, text or list.
    kind: &'static str,
    /// What it means.
    description: String,
}

/// Those that change while the server runs.
#[derive(Serialize, ToSchema)]
pub struct SettingList {
    settings: Vec<SettingView>,
}

/// Keys and their new values; `null` gives a key back to the settings file and the environment.
#[derive(Deserialize, ToSchema, garde::Validate)]
#[serde(transparent)]
#[schema(example = json!({"recording.retention_days": 14}))]
pub struct SettingChanges(#[garde(length(min = 1, max = 100))] BTreeMap<String, Value>);

/// Shows the settings that change while the server runs
#[utoipa::path(get, path = "/api/admin/settings", tag = "admin", operation_id = "list_settings",
    responses((status = 200, body = SettingList),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<App>, _: Admin) -> Json<SettingList> {
    Json(super::list(&app).into())
}

/// Changes settings while the server runs: all that are named, or none
#[utoipa::path(patch, path = "/api/admin/settings", tag = "admin", operation_id = "change_settings",
    request_body = SettingChanges, responses((status = 200, body = SettingList),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(app): State<App>,
    Admin(admin): Admin,
    Body(SettingChanges(wanted)): Body<SettingChanges>,
) -> Result<Json<SettingList>> {
    Ok(Json(super::change(&app, &admin, wanted).await?.into()))
}

impl From<Vec<Setting>> for SettingList {
    fn from(settings: Vec<Setting>) -> SettingList {
        SettingList {
            settings: settings.into_iter().map(SettingView::from).collect(),
        }
    }
}

impl From<Setting> for SettingView {
    fn from(setting: Setting) -> SettingView {
        SettingView {
            key: setting.key,
            kind: match &setting.value {
                Value::Bool(_) => "boolean",
                Value::Number(_) => "number",
                Value::Array(_) => "list",
                _ => "text",
            },
            value: setting.value,
            description: setting.description,
        }
    }
}
