//! The simulators and the load generator, met over real sockets.

#[cfg(test)]
mod adversary;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod http_sim;
#[cfg(test)]
mod leads;
#[cfg(test)]
mod model_sim;
#[cfg(test)]
mod model_sim_faults;
#[cfg(test)]
mod model_sim_protocols;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod smtp_sim;
#[cfg(test)]
mod support;
