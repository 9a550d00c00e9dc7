//! A policy that OPA compiled to Wasm, run by wasmtime after OPA's ABI 1.3 (`docs/wasm`): one call of `opa_eval` for
//! one decision.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use wasmtime::{Caller, Engine, Linker, Memory, MemoryType, Module, Store, TypedFunc};

type Eval = TypedFunc<(i32, i32, i32, i32, i32, i32, i32), i32>;

/// A module that answers.
pub struct Policy {
    store: Store<()>,
    memory: Memory,
    eval: Eval,
    data: i32,
    heap: i32,
}

/// Has OPA (`$OPA`, or `opa`) compile these files for the entry point `bench/all`.
///
/// # Errors
/// OPA or tar cannot be run, or the policies do not compile.
pub fn build(sources: &[PathBuf], folder: &Path) -> anyhow::Result<PathBuf> {
    let opa = std::env::var_os("OPA").unwrap_or_else(|| "opa".into());
    let bundle = folder.join("bundle.tar.gz");
    let status = Command::new(opa)
        .args(["build", "-t", "wasm", "-e", "bench/all", "-o"])
        .arg(&bundle)
        .args(sources)
        .status()
        .context("opa cannot be run; set OPA")?;
    if !status.success() {
        bail!("opa build: {status}");
    }
    let status = Command::new("tar")
        .arg("-xzf")
        .arg(&bundle)
        .arg("-C")
        .arg(folder)
        .arg("/policy.wasm")
        .status()?;
    if !status.success() {
        bail!("tar: {status}");
    }
    Ok(folder.join("policy.wasm"))
}

impl Policy {
    /// Compiles the module to machine code and starts it, without base documents.
    ///
    /// # Errors
    /// It is not a module of OPA's.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let engine = Engine::default();
        let module = Module::from_file(&engine, path).map_err(anyhow::Error::msg)?;
        let mut store = Store::new(&engine, ());
        let memory = Memory::new(&mut store, MemoryType::new(5, None)).map_err(anyhow::Error::msg)?;
        let mut linker = Linker::new(&engine);
        let linked = (|| {
            linker.define(&store, "env", "memory", memory)?;
            linker.func_wrap("env", "opa_abort", |_: Caller<'_, ()>, _: i32| {})?;
            linker.func_wrap("env", "opa_println", |_: Caller<'_, ()>, _: i32| {})?;
            // The five policies call nothing but what the module holds itself.
            linker.func_wrap("env", "opa_builtin0", |_: i32, _: i32| 0_i32)?;
            linker.func_wrap("env", "opa_builtin1", |_: i32, _: i32, _: i32| 0_i32)?;
            linker.func_wrap("env", "opa_builtin2", |_: i32, _: i32, _: i32, _: i32| 0_i32)?;
            linker.func_wrap("env", "opa_builtin3", |_: i32, _: i32, _: i32, _: i32, _: i32| 0_i32)?;
            linker.func_wrap(
                "env",
                "opa_builtin4",
                |_: i32, _: i32, _: i32, _: i32, _: i32, _: i32| 0_i32,
            )?;
            linker.instantiate(&mut store, &module)
        })();
        let instance = linked.map_err(anyhow::Error::msg)?;
        let eval: Eval = instance
            .get_typed_func(&mut store, "opa_eval")
            .map_err(anyhow::Error::msg)?;
        let malloc: TypedFunc<i32, i32> = instance
            .get_typed_func(&mut store, "opa_malloc")
            .map_err(anyhow::Error::msg)?;
        let parse: TypedFunc<(i32, i32), i32> = instance
            .get_typed_func(&mut store, "opa_json_parse")
            .map_err(anyhow::Error::msg)?;
        let heap: TypedFunc<(), i32> = instance
            .get_typed_func(&mut store, "opa_heap_ptr_get")
            .map_err(anyhow::Error::msg)?;
        let at = malloc.call(&mut store, 2).map_err(anyhow::Error::msg)?;
        memory.write(&mut store, usize::try_from(at)?, b"{}")?;
        let data = parse.call(&mut store, (at, 2)).map_err(anyhow::Error::msg)?;
        let heap = heap.call(&mut store, ()).map_err(anyhow::Error::msg)?;
        Ok(Self {
            store,
            memory,
            eval,
            data,
            heap,
        })
    }

    /// A decision; the answer is JSON text: a list of results.
    ///
    /// # Errors
    /// The module traps, or the input does not fit into its memory.
    pub fn decide(&mut self, input: &[u8]) -> anyhow::Result<&[u8]> {
        let at = usize::try_from(self.heap)?;
        if self.memory.data_size(&self.store) < at + input.len() + 8 {
            self.memory
                .grow(&mut self.store, 1)
                .map_err(anyhow::Error::msg)?;
        }
        self.memory.write(&mut self.store, at, input)?;
        let length = i32::try_from(input.len())?;
        // What is made lies behind the input and is given up with the next call.
        let free = (self.heap + length + 7) & !7;
        let found = self
            .eval
            .call(&mut self.store, (0, 0, self.data, self.heap, length, free, 0))
            .map_err(anyhow::Error::msg)?;
        let memory = &self.memory.data(&self.store)[usize::try_from(found)?..];
        let end = memory.iter().position(|byte| *byte == 0);
        Ok(&memory[..end.context("the answer has no end")?])
    }
}
