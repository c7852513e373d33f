package main

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// policy: which version is in force in a partition. It never goes back: one that is published comes into force at some
// time after that, unless a later one has come into force before. A read is a decision that names its policy, or an
// answer over HTTP that shows by which one it measures.

// policyInput: Publish is the version, 0 for a read.
type policyInput struct {
	Publish int
}

type policyOutput struct {
	InForce int `json:"in_force"`
}

var policy = kind{
	decode: decoder[policyInput, policyOutput](),
	model: porcupine.Model{
		Init:              func() any { return 0 },
		Step:              policyStep,
		DescribeOperation: describePolicy,
		DescribeState:     func(state any) string { return fmt.Sprintf("version %d", state) },
	},
}

func policyStep(before, input, output any) (bool, any) {
	inForce, published := before.(int), input.(policyInput).Publish
	if published > 0 {
		return true, max(inForce, published)
	}
	return output == nil || output.(policyOutput).InForce == inForce, inForce
}

func describePolicy(input, output any) string {
	if published := input.(policyInput).Publish; published > 0 {
		return fmt.Sprintf("version %d is published", published)
	}
	return fmt.Sprintf("in force: %+v", output)
}
