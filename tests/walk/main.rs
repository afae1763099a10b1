//! The walk and the resolver, in a simulated world, and once over sockets.

mod descent;
mod hostile;
mod live;
mod resolver;
mod world;
