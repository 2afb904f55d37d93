package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"helm.sh/helm/v4/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// client is Helm's own, without the requests that a warm process can do without.
type client struct {
	*kube.Client
	session *session
	secrets *secrets
}

// IsReachable reads the release's revisions, which is the next thing that every call does.
func (c *client) IsReachable() error {
	err := c.secrets.load(context.Background())
	var said apierrors.APIStatus
	if err == nil || errors.As(err, &said) {
		return nil // it answers; what it refuses is told by the request that needs it
	}
	return fmt.Errorf("kubernetes cluster unreachable: %w", err)
}

// Build looks once more where a kind isn't known: its CRD may have come since discovery was read. Nothing is written
// before the objects are built.
func (c *client) Build(reader io.Reader, validate bool) (kube.ResourceList, error) {
	manifest, err := io.ReadAll(reader)
	if err != nil {
		return nil, err
	}
	built, err := c.Client.Build(bytes.NewReader(manifest), validate)
	if err == nil || !strings.Contains(err.Error(), "no matches for kind") {
		return built, err
	}
	fresh, unread := c.session.target.serves(true)
	if unread != nil {
		return built, err
	}
	c.session.apis = fresh
	return c.Client.Build(bytes.NewReader(manifest), validate)
}

func (c *client) GetWaiter(strategy kube.WaitStrategy) (kube.Waiter, error) {
	return c.GetWaiterWithOptions(strategy)
}

// GetWaiterWithOptions makes the expensive waiter only for a release that has hooks to wait for.
func (c *client) GetWaiterWithOptions(strategy kube.WaitStrategy, opts ...kube.WaitOption) (kube.Waiter, error) {
	if strategy != kube.HookOnlyStrategy {
		return c.Client.GetWaiterWithOptions(strategy, opts...)
	}
	return &hookWaiter{made: sync.OnceValues(func() (kube.Waiter, error) {
		return c.Client.GetWaiterWithOptions(strategy, opts...)
	})}, nil
}

// hookWaiter waits for hooks and for nothing else, as Helm's waiter of that name does.
type hookWaiter struct {
	made func() (kube.Waiter, error)
}

func (w *hookWaiter) Wait(kube.ResourceList, time.Duration) error          { return nil }
func (w *hookWaiter) WaitWithJobs(kube.ResourceList, time.Duration) error  { return nil }
func (w *hookWaiter) WaitForDelete(kube.ResourceList, time.Duration) error { return nil }

func (w *hookWaiter) WatchUntilReady(resources kube.ResourceList, timeout time.Duration) error {
	made, err := w.made()
	if err != nil {
		return err
	}
	return made.WatchUntilReady(resources, timeout)
}
