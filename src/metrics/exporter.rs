//! Keeps the figures and renders them for Prometheus.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use parking_lot::Mutex;

/// Upper bounds of the latency histogram, in seconds.
const LATENCY_BUCKETS: [f64; 16] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];

/// Renders what was recorded. The recorder behind it is the process's own: the `metrics` crate has one.
#[derive(Clone)]
pub struct Exporter(PrometheusHandle);

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exporter")
    }
}

impl Exporter {
    /// All metrics in Prometheus's text format.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds recorded samples into the histograms; to be called every few seconds, else they pile up.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

/// Starts recording; a second call gives the same exporter.
///
/// # Errors
/// When something else in the process records metrics already.
pub fn install() -> Result<Exporter, BuildError> {
    static EXPORTER: Mutex<Option<Exporter>> = Mutex::new(None);
    let mut installed = EXPORTER.lock();
    if let Some(exporter) = &*installed {
        return Ok(exporter.clone());
    }
    let matcher = Matcher::Full("sluice_session_delivery_seconds".to_owned());
    let handle = PrometheusBuilder::new().set_buckets_for_metric(matcher, &LATENCY_BUCKETS)?.install_recorder()?;
    Ok(installed.insert(Exporter(handle)).clone())
}
