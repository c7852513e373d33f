package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"

	"github.com/anishathalye/porcupine"
)

// line is one operation as the recorder wrote it. Return: nil where nobody saw the end of it, so that it may have
// happened at any time after its call, or may never happen.
type line struct {
	Kind   string
	Of     string
	Client int
	Call   int64  `json:"call_ns"`
	Return *int64 `json:"return_ns"`
	Input  json.RawMessage
	Output json.RawMessage
}

// history has the operations on one object: they are checked by themselves.
type history struct {
	kind, of   string
	operations []porcupine.Operation
}

// read gives the histories of a file, by kind and object.
func read(path string) ([]history, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	found := map[[2]string]*history{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		if err := take(lines.Bytes(), found); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, number, err)
		}
	}
	return sorted(found), lines.Err()
}

func take(text []byte, found map[[2]string]*history) error {
	var one line
	if err := strictly(text, &one); err != nil {
		return err
	}
	kind, known := kinds[one.Kind]
	if !known {
		return fmt.Errorf("no model of this kind: %q", one.Kind)
	}
	operation := porcupine.Operation{ClientId: one.Client, Call: one.Call, Return: math.MaxInt64}
	if one.Return != nil {
		operation.Return = *one.Return
	}
	if operation.Return < operation.Call {
		return fmt.Errorf("it ends before it begins")
	}
	var err error
	if operation.Input, operation.Output, err = kind.decode(one.Input, one.Output); err != nil {
		return err
	}
	key := [2]string{one.Kind, one.Of}
	if found[key] == nil {
		found[key] = &history{kind: one.Kind, of: one.Of}
	}
	found[key].operations = append(found[key].operations, operation)
	return nil
}

func sorted(found map[[2]string]*history) []history {
	var all []history
	for _, one := range found {
		all = append(all, *one)
	}
	sort.Slice(all, func(i, j int) bool {
		return all[i].kind+" "+all[i].of < all[j].kind+" "+all[j].of
	})
	return all
}

// decoder makes the function that decodes input and output of a kind; an output that nobody saw is nil.
func decoder[Input, Output any]() func(input, output []byte) (any, any, error) {
	return func(input, output []byte) (any, any, error) {
		var in Input
		if err := strictly(input, &in); err != nil {
			return nil, nil, fmt.Errorf("input: %w", err)
		}
		if len(output) == 0 || string(output) == "null" {
			return in, nil, nil
		}
		var out Output
		if err := strictly(output, &out); err != nil {
			return nil, nil, fmt.Errorf("output: %w", err)
		}
		return in, out, nil
	}
}

// strictly decodes JSON, and refuses fields that it does not know: they would be left out of the check.
func strictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
