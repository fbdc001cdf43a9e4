//! HTTP without capabilities: the table of routes, what handlers take and give, and the frame around each request.
//!
//! | file | what it is for |
//! |---|---|
//! | `router` | all routes on one screen |
//! | `frame` | what every request passes through: id, log line, limits, headers |
//! | `extract` | what handlers ask for: users by role, validated bodies, keys in paths |
//! | `range` | conditional requests and ranges |
//! | `rules` | what several bodies ask of their fields |
//! | `problem` | errors as problem details |
//! | `cookie` | the login cookie |
//! | `openapi` | the description of the API |
//! | `assets` | the web app inside the binary |
//! | `health` | for load balancers |
//! | `serve` | the listeners, and a bounded end |
//! | `tls`, `redirect` | HTTPS by this server itself, and plain HTTP that sends on to it |

pub mod assets;
mod codes;
pub mod cookie;
pub mod extract;
pub mod frame;
pub mod health;
pub mod openapi;
pub mod problem;
pub mod range;
pub mod redirect;
pub mod router;
pub mod rules;
pub mod serve;
pub mod tls;
