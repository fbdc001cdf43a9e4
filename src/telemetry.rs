//! The log, and traces of requests for OpenTelemetry collectors.

use std::io::IsTerminal;

use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{Config, Log, LogFormat, Traces};

/// What has to be ended in good order.
#[derive(Debug)]
#[must_use = "traces that were not sent yet are lost without `end`"]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

/// Starts the log of the settings, and traces if they want any. Needs a Tokio runtime around it, once in a process.
///
/// # Errors
/// A log is running already, or the collector's address is not one.
pub fn start(config: &Config) -> Result<Telemetry> {
    let traces = config.traces.endpoint.as_ref().map(|_| provider(&config.traces));
    let traces = traces.transpose().context("`traces.endpoint`")?;
    let tracer = traces.as_ref().map(|provider| {
        let own_spans = Targets::new().with_target("lectern", LevelFilter::INFO);
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("lectern"));
        layer.with_location(false).with_threads(false).with_filter(own_spans)
    });
    let registry = tracing_subscriber::registry().with(log(&config.log)?).with(tracer);
    registry
        .try_init()
        .map_err(|error| anyhow!("cannot start the log: {error}"))?;
    Ok(Telemetry { traces })
}

impl Telemetry {
    /// Sends what was not sent yet.
    pub async fn end(self) {
        let Some(traces) = self.traces else { return };
        let ended = tokio::task::spawn_blocking(move || traces.shutdown()).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Lines on the standard error.
fn log<S>(log: &Log) -> Result<Box<dyn Layer<S> + Send + Sync>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    // The demo's WebRTC library tells every step of a connection; the server does not use it.
    let filter = EnvFilter::try_new(&log.level)?
        .add_directive("rtc=error".parse()?)
        .add_directive("webrtc=error".parse()?);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    Ok(match log.format {
        LogFormat::Text => {
            let is_terminal = std::io::stderr().is_terminal();
            let lines = lines.compact().with_target(false).with_ansi(is_terminal);
            lines.with_filter(filter).boxed()
        }
        LogFormat::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
    })
}

fn provider(traces: &Traces) -> Result<SdkTracerProvider> {
    let endpoint = traces.endpoint.as_ref().context("is empty")?;
    let client = OnRuntime {
        http: reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()?,
        runtime: tokio::runtime::Handle::current(),
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint.as_str())
        .build()?;
    let resource = Resource::builder().with_service_name(traces.service.clone()).build();
    let share = Sampler::TraceIdRatioBased(traces.sample);
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(share)))
        .with_resource(resource)
        .build())
}

/// Sends from the exporter's own thread, which has no runtime, on ours.
#[derive(Debug)]
struct OnRuntime {
    http: reqwest::Client,
    runtime: tokio::runtime::Handle,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let (http, request) = (self.http.clone(), reqwest::Request::try_from(request)?);
        let sending = self.runtime.spawn(async move {
            let answer = http.execute(request).await?;
            let status = answer.status();
            Ok::<_, reqwest::Error>((status, answer.bytes().await?))
        });
        let (status, body) = sending.await??;
        Ok(http::Response::builder().status(status).body(body)?)
    }
}
