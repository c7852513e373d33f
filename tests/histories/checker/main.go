// Checks recorded histories for linearizability, by Porcupine: tests/histories/README.md says what is in them.
//
// Exit status: 0 all are linearizable; 1 one is not; 2 a file cannot be read; 3 of one it was not found out in time.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// kind is a model, and how its inputs and outputs are read.
type kind struct {
	model  porcupine.Model
	decode func(input, output []byte) (any, any, error)
}

var kinds = map[string]kind{"budget": budget, "customer": customer, "policy": policy}

const (
	isLinearizable = iota
	isNot
	isUnreadable
	isUnknown
)

func main() {
	within := flag.Duration("within", time.Minute, "the time for each object")
	pictures := flag.String("pictures", ".", "the folder for pictures of what is not linearizable")
	flag.Parse()
	status := isLinearizable
	for _, path := range flag.Args() {
		histories, err := read(path)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(isUnreadable)
		}
		for _, each := range histories {
			status = worse(status, check(each, *within, *pictures))
		}
	}
	os.Exit(status)
}

// check says what is found, in a line.
func check(one history, within time.Duration, pictures string) int {
	model := kinds[one.kind].model
	began := time.Now()
	result, info := porcupine.CheckOperationsVerbose(model, one.operations, within)
	said := fmt.Sprintf("%s %s: %d operations", one.kind, one.of, len(one.operations))
	switch result {
	case porcupine.Ok:
		fmt.Printf("linearizable: %s, %d ms\n", said, time.Since(began).Milliseconds())
		return isLinearizable
	case porcupine.Unknown:
		fmt.Printf("unknown: %s: not found out within %s\n", said, within)
		return isUnknown
	}
	fmt.Printf("NOT linearizable: %s: no place for: %s\n", said, withoutPlace(model, one, info))
	path := filepath.Join(pictures, strings.Map(plain, one.kind+"-"+one.of)+".html")
	if err := porcupine.VisualizePath(model, info, path); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		fmt.Printf("  picture: %s\n", path)
	}
	return isNot
}

// withoutPlace describes the operation that ends first of those which the longest linearization leaves out.
func withoutPlace(model porcupine.Model, one history, info porcupine.LinearizationInfo) string {
	placed := map[string]bool{}
	longest := []porcupine.Operation{}
	for _, partial := range info.PartialLinearizationsOperations()[0] {
		if len(partial) > len(longest) {
			longest = partial
		}
	}
	for _, operation := range longest {
		placed[identity(operation)] = true
	}
	var first *porcupine.Operation
	for i, operation := range one.operations {
		if !placed[identity(operation)] && (first == nil || operation.Return < first.Return) {
			first = &one.operations[i]
		}
	}
	if first == nil {
		return "nothing"
	}
	described := model.DescribeOperation(first.Input, first.Output)
	return fmt.Sprintf("%s (client %d, %d to %d ns)", described, first.ClientId, first.Call, first.Return)
}

// identity: a client does one thing at a time, so its times name an operation.
func identity(operation porcupine.Operation) string {
	return fmt.Sprint(operation.ClientId, operation.Call, operation.Return)
}

func worse(one, other int) int {
	if one == isNot || other == isNot {
		return isNot
	}
	return max(one, other)
}

func plain(letter rune) rune {
	if strings.ContainsRune("/\\: ", letter) {
		return '-'
	}
	return letter
}
