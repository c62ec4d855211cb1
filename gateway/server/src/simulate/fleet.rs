//! The nodes' fate: started, killed, deployed, away for hours; and what breaks around them.

use std::{cell::RefCell, rc::Rc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    bus::Wire,
    clock::pass,
    dice::Dice,
    faults::Fault,
    node::{Backing, Birth, Node},
    people::Town,
    world::World,
};

/// What a deploy may take (R9); the engine's own last words come on top.
const DRAIN: Duration = Duration::from_secs(10);
/// Between two blows of fate, on average.
const BLOWS: SignedDuration = SignedDuration::from_mins(100);

pub(super) struct Fleet {
    pub(super) town: Rc<Town>,
    pub(super) backing: Backing,
    pub(super) size: usize,
    wire: Wire,
    state: RefCell<State>,
}

struct State {
    started: usize,
    /// What all machines' clocks are off by.
    error: SignedDuration,
    dice: Dice,
}

impl Fleet {
    pub(super) fn new(town: Rc<Town>, backing: Backing, size: usize, seed: u64) -> Rc<Self> {
        let dice = Dice::new(seed, "fleet");
        let state = State { started: 0, error: SignedDuration::ZERO, dice };
        Rc::new(Self { town, backing, size, wire: Wire::default(), state: RefCell::new(state) })
    }

    /// Starts nodes until there are enough.
    pub(super) async fn fill(&self) {
        while self.town.alive().len() < self.size {
            let node = {
                let mut state = self.state.borrow_mut();
                state.started += 1;
                let own = state.dice.millis(0, 1_500);
                Rc::new(Node::start(&Birth {
                    world: &self.town.world,
                    time: self.town.time,
                    backing: &self.backing,
                    wire: &self.wire,
                    number: state.started,
                    sole: self.size == 1,
                    error: state.error + own,
                }))
            };
            {
                let mut nodes = self.town.nodes.borrow_mut();
                nodes.retain(|node| node.is_alive());
                nodes.push(Rc::clone(&node));
            }
            let recovered = node.engine.recover().await;
            self.is_ill();
            if recovered.is_err() {
                // The program ends with an error, and whoever watches it starts it again.
                self.kill(&node, "cannot recover");
                pass(SignedDuration::from_secs(2)).await;
            }
        }
    }

    /// Up to now something was broken for everybody.
    fn is_ill(&self) {
        self.town.world.lock().ill_until(self.town.time.now());
    }

    fn kill(&self, node: &Node, how: &str) {
        node.kill();
        self.is_ill();
        self.town.world.lock().step(None, format!("node {} ends: {how}", node.number));
    }

    /// Blows of fate, one after the other, as long as faults are on.
    pub(super) async fn suffer(self: Rc<Self>) {
        loop {
            let (wait, blow) = {
                let mut state = self.state.borrow_mut();
                (state.dice.until_next(BLOWS), state.dice.below(100))
            };
            pass(wait).await;
            let fault = match blow {
                0..70 => Fault::Crash,
                70..97 => Fault::Deploy,
                _ => Fault::LongDowntime,
            };
            if !self.begins(fault) {
                continue;
            }
            match fault {
                Fault::Deploy => self.deploy().await,
                Fault::LongDowntime => {
                    for node in self.town.alive() {
                        self.kill(&node, "for hours");
                    }
                    self.rest(SignedDuration::from_hours(8)).await;
                    self.perhaps_jump();
                }
                _ => self.crash().await,
            }
            self.fill().await;
        }
    }

    fn begins(&self, fault: Fault) -> bool {
        let mut world = self.town.world.lock();
        let begins = world.faults.is_on(fault);
        if begins {
            world.faults.count(fault);
            world.step(None, format!("fault {fault}"));
        }
        begins
    }

    async fn crash(&self) {
        let alive = self.town.alive();
        let (all, victim, pause) = {
            let State { dice, .. } = &mut *self.state.borrow_mut();
            let pause = match dice.below(20) {
                0..14 => dice.millis(200, 5_000),
                14..19 => dice.millis(5_000, 60_000),
                _ => dice.millis(60_000, 600_000),
            };
            (dice.chance(250), dice.pick(&alive).cloned(), pause)
        };
        let victims = if all { alive } else { victim.into_iter().collect() };
        for node in &victims {
            self.kill(node, "kill -9");
        }
        self.rest(pause).await;
        self.perhaps_jump();
    }

    /// Time with fewer nodes than there should be.
    async fn rest(&self, span: SignedDuration) {
        pass(span).await;
        self.is_ill();
    }

    /// Machines that were all off may come back with another time.
    fn perhaps_jump(&self) {
        if !self.town.alive().is_empty() || !self.town.world.lock().faults.is_on(Fault::ClockJump) {
            return;
        }
        let jump = {
            let mut state = self.state.borrow_mut();
            if !state.dice.chance(300) {
                return;
            }
            let error = match state.dice.below(4) {
                0 => SignedDuration::from_hours(1),
                1 => -SignedDuration::from_hours(1),
                2 => SignedDuration::from_secs(30),
                _ => SignedDuration::ZERO,
            };
            let jump = error - state.error;
            state.error = error;
            jump
        };
        if !jump.is_zero() {
            self.begins(Fault::ClockJump);
            let mut world = self.town.world.lock();
            world.jumps += 1;
            world.clocks_error = self.state.borrow().error;
        }
    }

    async fn deploy(&self) {
        let Some(node) = self.town.alive().first().cloned() else { return };
        let began = self.town.time.now();
        let drained = node.engine.stop(DRAIN).await;
        let took = self.town.time.now().duration_since(began);
        {
            let mut world = self.town.world.lock();
            world.step(None, format!("node {} stops, drained: {drained}", node.number));
            let end = SignedDuration::from_secs(20);
            world.check("A9", took <= end, None, || format!("a stop took {took:#}"));
        }
        self.kill(&node, "stopped");
    }

    /// Something is away now and then, for everybody.
    pub(super) async fn storm(
        self: Rc<Self>,
        fault: Fault,
        apart: SignedDuration,
        lasts: (u64, u64),
        away: fn(&mut World, Timestamp),
    ) {
        let mut dice = self.state.borrow_mut().dice.part();
        loop {
            pass(dice.until_next(apart)).await;
            let lasts = dice.millis(lasts.0, lasts.1);
            if self.begins(fault) {
                let until = self.town.time.now().saturating_add(lasts).unwrap_or(Timestamp::MAX);
                away(&mut self.town.world.lock(), until);
                pass(lasts).await;
            }
        }
    }
}
