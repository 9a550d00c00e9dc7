//! `precinct registry`: the capabilities of a gateway.

use std::fs;
use std::process::ExitCode;

use clap::ValueEnum;
use precinct_bundle::load;
use precinct_gateway::registry::{Capability, Registry};

use super::Outcome;
use crate::present::json::Json;
use crate::present::table::Table;

/// The capabilities of a gateway: check a registry, list it, explain what a tool belongs to.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What to do with registries.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Check registries, and name all that is wrong with them.
    Check {
        /// The registries.
        #[arg(default_value = DEFAULT)]
        files: Vec<String>,
    },
    /// List the capabilities of a registry.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Say which capability a tool belongs to, and what a call of it needs.
    Explain {
        /// The tool.
        tool: String,
        #[command(flatten)]
        place: Place,
    },
}

const DEFAULT: &str = "capabilities.yaml";

#[derive(Debug, clap::Args)]
struct Place {
    /// The registry.
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT)]
    registry: String,
    /// The form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

/// The forms of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Pretty,
    /// For programs.
    Json,
}

/// Runs the command.
pub fn run(args: &Args) -> Outcome {
    match &args.command {
        Command::Check { files } => check(files),
        Command::List { place } => match read(&place.registry) {
            Ok(registry) => list(&registry, place.format),
            Err(message) => Outcome::failed(message, 1),
        },
        Command::Explain { tool, place } => match read(&place.registry) {
            Ok(registry) => explain(&registry, tool, place.format),
            Err(message) => Outcome::failed(message, 1),
        },
    }
}

fn read(file: &str) -> Result<Registry, String> {
    let text = fs::read_to_string(file).map_err(|error| load::system("open", file, &error))?;
    Registry::parse(file, &text).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}

fn check(files: &[String]) -> Outcome {
    let mut failed = false;
    for file in files {
        match read(file) {
            Ok(registry) => {
                let (capabilities, tools) = (
                    registry.capabilities().len(),
                    registry
                        .capabilities()
                        .iter()
                        .map(|it| tools(it).len())
                        .sum::<usize>(),
                );
                println!("{file}: {capabilities} capabilities, {tools} tools");
            }
            Err(message) => {
                eprintln!("{message}");
                failed = true;
            }
        }
    }
    Outcome::Code(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn tools(capability: &Capability) -> &[String] {
    capability
        .tools
        .as_ref()
        .map(|tools| tools.allow.as_slice())
        .unwrap_or_default()
}

fn list(registry: &Registry, format: Format) -> Outcome {
    if format == Format::Json {
        print!("{}", Json::from(&registry.data()).pretty());
        return Outcome::Code(ExitCode::SUCCESS);
    }
    let mut table = Table::new([
        "CAPABILITY",
        "ADAPTER",
        "PROTOCOL",
        "ENDPOINT",
        "STEP-UP",
        "TOOLS",
    ]);
    for capability in registry.capabilities() {
        table.row([
            capability.id.clone(),
            capability.adapter.clone(),
            capability.protocol.clone(),
            capability.endpoint.clone().unwrap_or_default(),
            step_up(capability),
            tools(capability).join("\n"),
        ]);
    }
    print!("{}", table.render());
    Outcome::Code(ExitCode::SUCCESS)
}

fn step_up(capability: &Capability) -> String {
    match (capability.step_up, &capability.step_up_method) {
        (false, _) => "no".to_owned(),
        (true, None) => "yes".to_owned(),
        (true, Some(method)) => method.clone(),
    }
}

fn explain(registry: &Registry, tool: &str, format: Format) -> Outcome {
    let Some(capability) = registry.of_tool(tool) else {
        let mut message = format!("tool {tool:?} belongs to no capability: calls of it are denied");
        let known = registry.capabilities().iter().flat_map(tools);
        if let Some(near) = precinct_rego::spelling::nearest(tool, known.map(String::as_str)) {
            message.push_str(&format!("\nhelp: there is a tool {near:?}"));
        }
        return Outcome::failed(message, 1);
    };
    if format == Format::Json {
        match serde_json::to_value(capability) {
            Ok(value) => print!("{}", Json::from(&value).pretty()),
            Err(error) => return Outcome::failed(error.to_string(), 1),
        }
        return Outcome::Code(ExitCode::SUCCESS);
    }
    let per_minute = |number: u64, what: &str| format!("{number} {what} per minute");
    let limits = capability.rate_limit.iter().flat_map(|limit| {
        [
            limit
                .requests_per_minute
                .map(|it| per_minute(it.into(), "requests")),
            limit.tokens_per_minute.map(|it| per_minute(it, "tokens")),
        ]
    });
    let limits: Vec<String> = limits.flatten().collect();
    let authorization = capability
        .authorization
        .as_ref()
        .map(|needed| format!("{} on {}", needed.action, needed.resource));
    let lines = [
        ("tool", Some(tool.to_owned())),
        ("capability", Some(capability.id.clone())),
        (
            "description",
            Some(capability.description.clone()).filter(|text| !text.is_empty()),
        ),
        (
            "adapter",
            Some(format!(
                "{} over {}",
                capability.adapter, capability.protocol
            )),
        ),
        ("endpoint", capability.endpoint.clone()),
        ("needs", authorization),
        ("step-up", Some(step_up(capability))),
        (
            "limits",
            Some(limits.join(", ")).filter(|text| !text.is_empty()),
        ),
        (
            "with",
            Some(
                tools(capability)
                    .iter()
                    .filter(|other| *other != tool)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(", "),
            )
            .filter(|text| !text.is_empty()),
        ),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            println!("{name:<12} {value}");
        }
    }
    Outcome::Code(ExitCode::SUCCESS)
}
