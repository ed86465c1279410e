//! `wasm-bindgen` as worker-build calls it. The program of the same name comes with a test runner, whose web server and
//! clients take longer to compile than all of this.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["--version"] {
        println!("wasm-bindgen {}", env!("CARGO_PKG_VERSION"));
        return ExitCode::SUCCESS;
    }
    match generate(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("error: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn generate(arguments: &[String]) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    let mut out_dir = None;
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument {
            "--out-dir" => out_dir = Some(value()?),
            "--out-name" => {
                bindgen.out_name(value()?);
            }
            "--target" => match value()? {
                "module" => {
                    bindgen.module(true).map_err(|error| error.to_string())?;
                }
                other => return Err(format!("the target {other} is not known here")),
            },
            "--typescript" => {
                bindgen.typescript(true);
            }
            "--no-typescript" => {
                bindgen.typescript(false);
            }
            "--no-demangle" => {
                bindgen.demangle(false);
            }
            "--debug" => {
                bindgen.debug(true);
            }
            "--experimental-reset-state-function" => {
                bindgen.reset_state_function(true);
            }
            "--force-enable-abort-handler" => {
                bindgen.force_enable_abort_handler(true);
            }
            _ if argument.starts_with('-') => return Err(format!("the option {argument} is not known here")),
            _ => {
                bindgen.input_path(argument);
            }
        }
    }
    let out_dir = out_dir.ok_or("--out-dir is missing")?;
    bindgen.generate(out_dir).map_err(|error| format!("{error:#}"))
}
