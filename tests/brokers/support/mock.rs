//! librdkafka's mock cluster, for where no broker can be had.

use std::sync::mpsc;

use rdkafka::mocking::MockCluster;

enum Ask {
    CreateTopic(String, i32),
    SetUp(bool),
}

/// A mock cluster on a thread of its own, which it may not leave.
pub(crate) struct Mock {
    brokers: String,
    asks: mpsc::Sender<(Ask, mpsc::Sender<()>)>,
}

impl Mock {
    pub(crate) fn start() -> Self {
        let (asks, asked) = mpsc::channel::<(Ask, mpsc::Sender<()>)>();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let cluster = MockCluster::new(1).unwrap();
            tell.send(cluster.bootstrap_servers()).unwrap();
            for (ask, done) in asked {
                match ask {
                    Ask::CreateTopic(topic, partitions) => cluster.create_topic(&topic, partitions, 1).unwrap(),
                    Ask::SetUp(true) => cluster.broker_up(1).unwrap(),
                    Ask::SetUp(false) => cluster.broker_down(1).unwrap(),
                }
                done.send(()).unwrap();
            }
        });
        Self { brokers: told.recv().unwrap(), asks }
    }

    pub(crate) fn brokers(&self) -> &str {
        &self.brokers
    }

    pub(crate) fn create_topic(&self, topic: &str, partitions: i32) {
        self.ask(Ask::CreateTopic(topic.to_owned(), partitions));
    }

    pub(crate) fn set_up(&self, up: bool) {
        self.ask(Ask::SetUp(up));
    }

    fn ask(&self, ask: Ask) {
        let (done, waits) = mpsc::channel();
        self.asks.send((ask, done)).unwrap();
        waits.recv().unwrap();
    }
}
