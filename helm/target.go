package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/kubeenv"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"net/http"
)

// discoveryAge is how long API discovery is believed. It is also read anew when a kind isn't found, after a call that
// failed, and for a chart that asks which APIs there are.
const discoveryAge = time.Minute

// targets are the clusters that were called for, by kubeconfig and context.
type targets struct {
	mutex sync.Mutex
	known map[string]*target
}

// target is one cluster: how to reach it, and what it serves.
type target struct {
	config *rest.Config
	files  string // what the kubeconfig's files looked like when they were read

	mutex sync.Mutex
	apis  *apis
}

// apis is what the cluster served at one time.
type apis struct {
	discovery    discovery.CachedDiscoveryInterface
	mapper       meta.ResettableRESTMapper
	capabilities *common.Capabilities
	read         time.Time
}

// get reads the kubeconfig only where it has changed: a process by exec would read it each time.
func (t *targets) get(c *command) (*target, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.kubeconfig
	files := appearance(rules.GetLoadingPrecedence())
	key := c.kubeconfig + "\x00" + c.kubeContext
	if known := t.known[key]; known != nil && known.files == files {
		return known, nil
	}
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		rules, &clientcmd.ConfigOverrides{CurrentContext: c.kubeContext})
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("kubernetes cluster unreachable: %w", err)
	}
	config.UserAgent = "Helm/" + strings.TrimPrefix(common.DefaultCapabilities.HelmVersion.Version, "v")
	config.WarningHandler = rest.NoWarnings{}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return &kubeenv.RetryingRoundTripper{Wrapped: next}
	})
	t.known[key] = &target{config: config, files: files}
	return t.known[key], nil
}

func appearance(paths []string) string {
	var seen strings.Builder
	for _, path := range paths {
		if found, err := os.Stat(path); err == nil {
			fmt.Fprintf(&seen, "%s %d %d\n", path, found.Size(), found.ModTime().UnixNano())
		}
	}
	return seen.String()
}

// serves returns what the cluster serves: as known, or read now where that is too old or `fresh` is asked for.
func (t *target) serves(fresh bool) (*apis, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.apis != nil && !fresh && time.Since(t.apis.read) < discoveryAge {
		return t.apis, nil
	}
	config := rest.CopyConfig(t.config)
	config.QPS, config.Burst = 50, 300
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("could not get Kubernetes discovery client: %w", err)
	}
	cached := memory.NewMemCacheClient(client)
	version, err := cached.ServerVersion()
	if err != nil {
		return nil, fmt.Errorf("could not get server version from Kubernetes: %w", err)
	}
	versions, err := action.GetVersionSet(cached)
	// An API service that is registered and does not answer stops nobody who doesn't use it.
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return nil, fmt.Errorf("could not get apiVersions from Kubernetes: %w", err)
	}
	t.apis = &apis{
		discovery: cached,
		mapper:    restmapper.NewDeferredDiscoveryRESTMapper(cached),
		capabilities: &common.Capabilities{
			APIVersions: versions,
			KubeVersion: common.KubeVersion{Version: version.GitVersion, Major: version.Major, Minor: version.Minor},
			HelmVersion: common.DefaultCapabilities.HelmVersion,
		},
		read: time.Now(),
	}
	return t.apis, nil
}

// doubt has discovery read anew by the next call.
func (t *target) doubt() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.apis != nil {
		stale := *t.apis
		stale.read = time.Time{}
		t.apis = &stale
	}
}

// session is one call's way to a target, as Helm's packages ask for it.
type session struct {
	target  *target
	config  *rest.Config
	command *command
	apis    *apis
}

func newSession(t *target, c *command, g *guard) *session {
	config := rest.CopyConfig(t.config)
	config.QPS, config.Burst = c.qps, c.burst
	config.Wrap(g.wrap)
	return &session{target: t, config: config, command: c}
}

func (s *session) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(s.config), nil }

func (s *session) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return s.apis.discovery, nil
}

func (s *session) ToRESTMapper() (meta.RESTMapper, error) { return s.apis.mapper, nil }

// ToRawKubeConfigLoader is asked for the namespace alone, often; the file is not read for that.
func (s *session) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	overrides := &clientcmd.ConfigOverrides{Context: clientcmdapi.Context{Namespace: s.command.namespace}}
	return clientcmd.NewDefaultClientConfig(clientcmdapi.Config{}, overrides)
}
