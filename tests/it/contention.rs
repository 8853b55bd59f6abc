//! Ten machines, one topic, all at once.

use std::collections::BTreeSet;
use std::sync::Barrier;

use tests::git;
use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

const MACHINES: usize = 10;
const WRITES_OF_EACH: usize = 20;

#[test]
fn ten_daemons_on_one_topic_lose_nothing_double_nothing_and_force_nothing() {
    let remote = BareRepository::new();
    let machines: Vec<Machine> = (0..MACHINES)
        .map(|number| {
            let user = format!("user{number}");
            let mut machine = Machine::new(&Settings::of(&user).remote(&remote.url()));
            machine.start();
            machine
        })
        .collect();
    let together = Barrier::new(MACHINES);
    let answered: Vec<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = machines
            .iter()
            .map(|machine| {
                let together = &together;
                scope.spawn(move || {
                    let mut agent = Shim::connect(machine, "claude-code");
                    together.wait();
                    write_all(&mut agent)
                })
            })
            .collect();
        writers
            .into_iter()
            .flat_map(|writer| writer.join().expect("every write is answered"))
            .collect()
    });
    let answered: BTreeSet<String> = answered.into_iter().collect();
    assert_eq!(answered.len(), MACHINES * WRITES_OF_EACH);

    for machine in &machines {
        machine.wait_in_step("acme");
    }
    let tip = remote.log()[0].hash.clone();
    for machine in &machines {
        wait_until("every machine shows the tip", PATIENCE, || {
            machine.repository("acme")["head"] == tip
        });
        let mut agent = Shim::connect(machine, "claude-code");
        assert_eq!(agent.entries("talk").len(), answered.len());
        git::assert_sound(&machine.clone_of("acme"));
    }
    remote.assert_holds_once("talk", &answered);
    assert_eq!(remote.log().len(), answered.len());
}

fn write_all(agent: &mut Shim) -> Vec<String> {
    (0..WRITES_OF_EACH)
        .map(|number| {
            let said = agent.say("talk", &format!("T{number}"), "b").structured;
            said["entry_id"].as_str().expect("an id").to_owned()
        })
        .collect()
}
