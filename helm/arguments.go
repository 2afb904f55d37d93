package main

import (
	"errors"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"
)

// command is a helm command line that is understood.
type command struct {
	verb    string // upgrade or uninstall
	release string
	chart   string // an absolute path

	namespace   string
	kubeconfig  string
	kubeContext string
	qps         float32
	burst       int
	timeout     time.Duration

	historyMax     int
	description    string
	labels         map[string]string
	forceConflicts bool
	values         bool // read from stdin
	skipCRDs       bool
	noHooks        bool
	ignoreNotFound bool
}

var errUnknown = errors.New("not a command line for warm helm")

// parse takes what the operator writes and nothing else; helm's own defaults hold for what isn't named.
func parse(args []string) (*command, error) {
	if len(args) == 0 {
		return nil, errUnknown
	}
	c := &command{verb: args[0]}
	flags := pflag.NewFlagSet(c.verb, pflag.ContinueOnError)
	flags.StringVarP(&c.namespace, "namespace", "n", "", "")
	flags.StringVar(&c.kubeconfig, "kubeconfig", "", "")
	flags.StringVar(&c.kubeContext, "kube-context", "", "")
	flags.Float32Var(&c.qps, "qps", 0, "")
	flags.IntVar(&c.burst, "burst-limit", 100, "")
	flags.DurationVar(&c.timeout, "timeout", 300*time.Second, "")
	flags.BoolVar(&c.noHooks, "no-hooks", false, "")

	var install, unvalidated bool
	var output string
	var values []string
	positional := 1
	switch c.verb {
	case "upgrade":
		positional = 2
		flags.BoolVarP(&install, "install", "i", false, "")
		flags.BoolVar(&unvalidated, "disable-openapi-validation", false, "")
		flags.StringVarP(&output, "output", "o", "table", "")
		flags.StringSliceVarP(&values, "values", "f", nil, "")
		flags.IntVar(&c.historyMax, "history-max", 10, "")
		flags.StringVar(&c.description, "description", "", "")
		flags.StringToStringVarP(&c.labels, "labels", "l", nil, "")
		flags.BoolVar(&c.forceConflicts, "force-conflicts", false, "")
		flags.BoolVar(&c.skipCRDs, "skip-crds", false, "")
	case "uninstall":
		flags.BoolVar(&c.ignoreNotFound, "ignore-not-found", false, "")
	default:
		return nil, errUnknown
	}
	if err := flags.Parse(args[1:]); err != nil || flags.NArg() != positional || c.namespace == "" {
		return nil, errUnknown
	}
	c.release = flags.Arg(0)
	if c.verb == "upgrade" {
		c.chart = flags.Arg(1)
		c.values = len(values) == 1
		understood := install && unvalidated && output == "json" && filepath.IsAbs(c.chart) &&
			(len(values) == 0 || len(values) == 1 && values[0] == "-")
		if !understood {
			return nil, errUnknown
		}
	}
	return c, nil
}
