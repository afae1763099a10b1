//! DNS worlds on loopback.

use std::sync::Arc;

use dnsonde::playground::{Scenario, Service, World, serve};

use super::{Files, text};

/// A world on loopback, and how to find it.
pub struct Served {
    pub scenario: Arc<Scenario>,
    pub service: Service,
    pub files: Files,
}

impl Served {
    pub fn new(scenario: Scenario) -> Self {
        let scenario = Arc::new(scenario.on_loopback().unwrap());
        let service = serve(World::new(Arc::clone(&scenario), 1), 0).unwrap();
        let files = Files::new();
        files.write("root.hints", scenario.root_hints());
        Self { scenario, service, files }
    }

    pub fn named(name: &str) -> Self {
        Self::new(Scenario::named(name).unwrap().unwrap())
    }

    pub fn hints(&self) -> String {
        text(&self.files.path("root.hints"))
    }

    pub fn port(&self) -> String {
        self.service.port().to_string()
    }
}
