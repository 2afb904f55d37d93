package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/storage"
	"helm.sh/helm/v4/pkg/storage/driver"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

// Exit codes: of helm itself, of a Go program that panics, and of a process that a signal ended.
const (
	codeFailed  = 1
	codePanic   = 2
	codeDead    = -9
	terminate   = "terminate"
	maxAnswered = 1
)

// call is one helm command under way.
type call struct {
	asked   request
	command *command
	answers chan answer // one, and whatever comes later is dropped
	guard   *guard
	cancel  context.CancelFunc
	ctx     context.Context
	once    sync.Once
}

func newCall(c *command, asked request) *call {
	one := &call{asked: asked, command: c, answers: make(chan answer, maxAnswered), guard: newGuard()}
	one.ctx, one.cancel = context.WithCancel(context.Background())
	return one
}

// end does what a signal does to a helm process: SIGTERM lets an upgrade store that it failed, and ends an uninstall;
// SIGKILL lets nothing more out.
func (c *call) end(how string) {
	if how == terminate && c.command.verb == "upgrade" {
		c.cancel()
		return
	}
	c.guard.end()
	c.cancel()
	c.answer(answer{ID: c.asked.ID, Code: codeDead})
}

func (c *call) answer(a answer) {
	c.once.Do(func() { c.answers <- a })
}

// run does the work and answers. Whatever Helm left running afterwards reaches the API server no more.
func (c *call) run(known *targets) {
	defer c.cancel()
	defer c.guard.end()
	var stdout, stderr bytes.Buffer
	defer func() {
		if problem := recover(); problem != nil {
			text := fmt.Appendf(nil, "panic: %v\n\n%s", problem, debug.Stack())
			c.answer(answer{ID: c.asked.ID, Code: codePanic, Stderr: text})
		}
	}()
	out, log := &locked{to: &stdout}, &locked{to: &stderr}
	found, err := known.get(c.command)
	if err != nil {
		c.answer(answer{ID: c.asked.ID, Code: codeFailed, Stderr: fmt.Appendf(nil, "Error: %s\n", err)})
		return
	}
	way := newSession(found, c.command, c.guard)
	made := answer{ID: c.asked.ID}
	kept, err := c.carryOut(way, out, log)
	if err != nil {
		found.doubt()
		made.Code = codeFailed
		fmt.Fprintf(log, "Error: %s\n", err)
	}
	if kept != nil {
		made.Revisions = kept.revisions()
	}
	made.Stdout, made.Stderr = out.bytes(), log.bytes()
	c.answer(made)
}

func (c *call) carryOut(way *session, out, log io.Writer) (*secrets, error) {
	client, err := corev1.NewForConfig(way.config)
	if err != nil {
		return nil, fmt.Errorf("kubernetes cluster unreachable: %w", err)
	}
	kept := newSecrets(client.Secrets(c.command.namespace), c.command.release)
	configuration := c.configure(way, kept, log)
	if err := configuration.KubeClient.IsReachable(); err != nil {
		return nil, err
	}
	if way.apis, err = way.target.serves(false); err != nil {
		return nil, err
	}
	configuration.Capabilities = way.apis.capabilities.Copy()
	if c.command.verb == "uninstall" {
		return kept, uninstall(configuration, c.command, out)
	}
	return kept, c.upgrade(configuration, way, out)
}

// configure is what action.Configuration.Init does, on what is kept warm.
func (c *call) configure(way *session, kept *secrets, log io.Writer) *action.Configuration {
	handler := helmLog(log)
	configuration := action.NewConfiguration(action.ConfigurationSetLogger(handler))
	inner := kube.New(way)
	inner.SetLogger(handler)
	stored := driver.NewSecrets(kept)
	stored.SetLogger(handler)
	configuration.RESTClientGetter = way
	configuration.KubeClient = &client{Client: inner, session: way, secrets: kept}
	configuration.Releases = storage.Init(stored)
	configuration.SetHookOutputFunc(func(_, _, _ string) io.Writer { return log })
	return configuration
}

// helmLog formats log lines as helm does: text, no time, nothing of level debug.
func helmLog(to io.Writer) slog.Handler {
	return slog.NewTextHandler(to, &slog.HandlerOptions{
		Level: slog.LevelInfo,
		ReplaceAttr: func(_ []string, attribute slog.Attr) slog.Attr {
			if attribute.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return attribute
		},
	})
}

// locked is a buffer that goroutines of Helm may still write to when it is read.
type locked struct {
	mutex sync.Mutex
	to    *bytes.Buffer
}

func (l *locked) Write(data []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.to.Write(data)
}

func (l *locked) bytes() []byte {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return bytes.Clone(l.to.Bytes())
}
