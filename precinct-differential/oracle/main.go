// The answers of a real OPA: cases as JSON lines on standard input, one answer for each on standard output, in the
// same order. It is built with the version of OPA that go.mod names.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"
)

type request struct {
	Modules     []string        `json:"modules"`
	Version     string          `json:"rego_version"`
	Query       string          `json:"query"`
	Data        json.RawMessage `json:"data"`
	Input       json.RawMessage `json:"input"`
	StrictError bool            `json:"strict_error"`
}

type answer struct {
	Rows  []map[string]any `json:"want_result,omitempty"`
	Code  string           `json:"want_error_code,omitempty"`
	Error string           `json:"want_error,omitempty"`
	// The case says nothing about evaluation: OPA could not read the request or gave up for want of time.
	Invalid string `json:"invalid,omitempty"`
}

func failure(err error) answer {
	// First, because the errors of builtins wrap others.
	var evaluation *topdown.Error
	if errors.As(err, &evaluation) {
		if evaluation.Code == topdown.CancelErr {
			return answer{Invalid: "out of time"}
		}
		return answer{Code: evaluation.Code, Error: evaluation.Message}
	}
	var list ast.Errors
	if errors.As(err, &list) && len(list) > 0 {
		return answer{Code: list[0].Code, Error: list[0].Message}
	}
	var many rego.Errors
	if errors.As(err, &many) && len(many) > 0 && many[0] != err {
		return failure(many[0])
	}
	var one *ast.Error
	if errors.As(err, &one) {
		return answer{Code: one.Code, Error: one.Message}
	}
	return answer{Invalid: err.Error()}
}

func evaluate(line []byte) (result answer) {
	defer func() {
		if fault := recover(); fault != nil {
			result = answer{Invalid: fmt.Sprint("panic: ", fault)}
		}
	}()
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Invalid: err.Error()}
	}
	version := ast.RegoV1
	switch asked.Version {
	case "v0":
		version = ast.RegoV0
	case "v0v1":
		version = ast.RegoV0CompatV1
	}
	options := []func(*rego.Rego){
		rego.Query(asked.Query),
		rego.SetRegoVersion(version),
		rego.StrictBuiltinErrors(asked.StrictError),
	}
	for index, text := range asked.Modules {
		options = append(options, rego.Module(fmt.Sprintf("test-%d.rego", index), text))
	}
	if len(asked.Data) > 0 {
		options = append(options, rego.Store(inmem.NewFromReader(bytes.NewReader(asked.Data))))
	}
	if len(asked.Input) > 0 {
		var input any
		if err := util.Unmarshal(asked.Input, &input); err != nil {
			return answer{Invalid: err.Error()}
		}
		options = append(options, rego.Input(input))
	}
	deadline, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	rows, err := rego.New(options...).Eval(deadline)
	if err != nil {
		return failure(err)
	}
	result.Rows = make([]map[string]any, 0, len(rows))
	for _, row := range rows {
		result.Rows = append(result.Rows, map[string]any(row.Bindings))
	}
	return result
}

func main() {
	lines := make(chan chan answer, 64)
	slots := make(chan struct{}, runtime.NumCPU())
	go func() {
		defer close(lines)
		reader := bufio.NewReaderSize(os.Stdin, 1<<20)
		for {
			line, err := reader.ReadBytes('\n')
			if len(bytes.TrimSpace(line)) > 0 {
				slot := make(chan answer, 1)
				lines <- slot
				slots <- struct{}{}
				go func() {
					slot <- evaluate(line)
					<-slots
				}()
			}
			if err != nil {
				return
			}
		}
	}()
	writer := bufio.NewWriter(os.Stdout)
	for slot := range lines {
		text, err := json.Marshal(<-slot)
		if err != nil {
			text = []byte(`{"invalid":"the answer is not JSON"}`)
		}
		_, _ = writer.Write(append(text, '\n'))
		if len(lines) == 0 {
			_ = writer.Flush()
		}
	}
	_ = writer.Flush()
}
