// Command opa measures the five policies as one decision on OPA itself, embedded in Go: by its usual API and by driving
// topdown directly. It prints one line a measure: nanoseconds a decision, the least and the median of its rounds.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"
)

const query = `a = data.precinct.authz.allow; b = data.precinct.authz.destination.allow; ` +
	`c = data.precinct.authz.models.allow; d = data.precinct.authz.ratelimit.allow; e = data.precinct.authz.stepup.decision`

const rounds = 21

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) == 3 && os.Args[1] == "rules" {
		return rules(os.Args[2])
	}
	policies, folder := "../../../policies/precinct/authz", "../../inputs"
	if named := os.Getenv("PRECINCT_INPUTS"); named != "" {
		folder = named
	}
	inputs, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return err
	}
	modules := map[string]*ast.Module{}
	var options []func(*rego.Rego)
	for _, name := range []string{"tools", "destination", "models", "ratelimit", "stepup"} {
		path := filepath.Join(policies, name+".rego")
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		module, err := ast.ParseModule(path, string(source))
		if err != nil {
			return err
		}
		modules[path] = module
		options = append(options, rego.ParsedModule(module))
	}
	ctx := context.Background()
	prepared, err := rego.New(append(options, rego.Query(query))...).PrepareForEval(ctx)
	if err != nil {
		return err
	}
	direct, err := newDirect(ctx, modules)
	if err != nil {
		return err
	}
	for _, path := range inputs {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		value, err := ast.ValueFromReader(bytes.NewReader(text))
		if err != nil {
			return err
		}
		usual := func() error {
			var input any
			if err := util.Unmarshal(text, &input); err != nil {
				return err
			}
			_, err := prepared.Eval(ctx, rego.EvalInput(input))
			return err
		}
		parsed := func() error {
			_, err := prepared.Eval(ctx, rego.EvalParsedInput(value))
			return err
		}
		topdownBytes := func() error {
			input, err := ast.ValueFromReader(bytes.NewReader(text))
			if err != nil {
				return err
			}
			return direct.decide(ctx, ast.NewTerm(input))
		}
		topdownParsed := func() error { return direct.decide(ctx, ast.NewTerm(value)) }
		if err := report(strings.TrimSuffix(filepath.Base(path), ".json"), []string{"json/opa", "parsed/opa", "json/opa-topdown", "parsed/opa-topdown"},
			[]func() error{usual, parsed, topdownBytes, topdownParsed}); err != nil {
			return err
		}
	}
	return nil
}

// rules measures data.rules.allow of each folder with a policy.rego, perhaps a data.json, and inputs, by the usual API
// and a parsed input.
func rules(folder string) error {
	ctx := context.Background()
	policies, err := filepath.Glob(filepath.Join(folder, "*", "policy.rego"))
	if err != nil {
		return err
	}
	for _, path := range policies {
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		store := inmem.New()
		if text, err := os.ReadFile(filepath.Join(filepath.Dir(path), "data.json")); err == nil {
			var data map[string]any
			if err := util.Unmarshal(text, &data); err != nil {
				return err
			}
			store = inmem.NewFromObject(data)
		}
		prepared, err := rego.New(rego.Module(path, string(source)), rego.Store(store),
			rego.Query("data.rules.allow")).PrepareForEval(ctx)
		if err != nil {
			return err
		}
		for _, name := range []string{"first", "last", "none"} {
			text, err := os.ReadFile(filepath.Join(filepath.Dir(path), name+".json"))
			if err != nil {
				continue
			}
			value, err := ast.ValueFromReader(bytes.NewReader(text))
			if err != nil {
				return err
			}
			best := time.Duration(1 << 62)
			for range 15 {
				const decisions = 5
				start := time.Now()
				for range decisions {
					if _, err := prepared.Eval(ctx, rego.EvalParsedInput(value)); err != nil {
						return err
					}
				}
				best = min(best, time.Since(start)/decisions)
			}
			fmt.Printf("%-20s %-5s opa %12d ns\n", filepath.Base(filepath.Dir(path)), name, best.Nanoseconds())
		}
	}
	return nil
}

type direct struct {
	compiler *ast.Compiler
	body     ast.Body
	queries  ast.QueryCompiler
	store    storage.Store
}

func newDirect(ctx context.Context, modules map[string]*ast.Module) (*direct, error) {
	compiler := ast.NewCompiler()
	compiler.Compile(modules)
	if compiler.Failed() {
		return nil, compiler.Errors
	}
	body, err := ast.ParseBody(query)
	if err != nil {
		return nil, err
	}
	queries := compiler.QueryCompiler()
	compiled, err := queries.Compile(body)
	if err != nil {
		return nil, err
	}
	return &direct{compiler, compiled, queries, inmem.New()}, nil
}

func (d *direct) decide(ctx context.Context, input *ast.Term) error {
	txn, err := d.store.NewTransaction(ctx)
	if err != nil {
		return err
	}
	defer d.store.Abort(ctx, txn)
	return topdown.NewQuery(d.body).
		WithQueryCompiler(d.queries).
		WithCompiler(d.compiler).
		WithStore(d.store).
		WithTransaction(txn).
		WithInput(input).
		Iter(ctx, func(topdown.QueryResult) error { return nil })
}

// report alternates between the measures, so that noise of the machine falls on all of them.
func report(input string, names []string, measures []func() error) error {
	const decisions = 300
	times := make([][]float64, len(measures))
	for round := range rounds {
		for i, measure := range measures {
			start := time.Now()
			for range decisions {
				if err := measure(); err != nil {
					return err
				}
			}
			if round > 0 {
				times[i] = append(times[i], float64(time.Since(start).Nanoseconds())/decisions)
			}
		}
	}
	for i, name := range names {
		sort.Float64s(times[i])
		fmt.Printf("%-20s %-20s min %9.0f ns  median %9.0f ns\n", input, name, times[i][0], times[i][len(times[i])/2])
	}
	return nil
}
