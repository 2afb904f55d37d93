// warm-helm is Helm kept running: a child of the operator that does over a pipe what `helm upgrade --install` and
// `helm uninstall` do, on Helm's own packages, with API discovery and connections kept from one call to the next.
//
// It understands just the commands and flags that the operator uses (arguments.go); anything else it answers with
// "unknown", and the operator runs the real helm. Values, manifests and releases pass through its memory and its pipe
// only: it writes nothing to disk, and nothing but panics to its stderr.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"

	// Accounts of cloud providers, as helm itself has them.
	_ "k8s.io/client-go/plugin/pkg/client/auth"

	"github.com/go-logr/logr"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/kube"
	"k8s.io/klog/v2"
)

// memoryLimit is soft: close to it the collector works harder. Calls under way may need more.
const memoryLimit = 96 << 20

// request is one frame from the operator: a call, or the end of one (Cancel names which signal it stands for).
type request struct {
	ID     int      `json:"id"`
	Args   []string `json:"args,omitempty"`
	Stdin  []byte   `json:"stdin,omitempty"`
	Quiet  bool     `json:"quiet,omitempty"` // nobody reads stdout
	Cancel string   `json:"cancel,omitempty"`
}

// answer is one frame to the operator. Revisions is what the API server said of the release's Secrets, where all that
// was asked of it was answered well.
type answer struct {
	ID        int        `json:"id"`
	Unknown   bool       `json:"unknown,omitempty"`
	Code      int        `json:"code"`
	Stdout    []byte     `json:"stdout,omitempty"`
	Stderr    []byte     `json:"stderr,omitempty"`
	Revisions []revision `json:"revisions"`
}

type hello struct {
	Version string `json:"version"`
}

func main() {
	kube.ManagedFieldsManager = "helm"
	debug.SetMemoryLimit(memoryLimit)
	// What libraries log belongs to no call, and may quote what is nobody's business.
	slog.SetDefault(slog.New(slog.DiscardHandler))
	klog.SetLogger(logr.Discard())

	pipe := &pipe{out: os.Stdout}
	pipe.send(hello{Version: common.DefaultCapabilities.HelmVersion.Version})
	calls := &calls{running: map[int]*call{}}
	targets := &targets{known: map[string]*target{}}
	in := bufio.NewReader(os.Stdin)
	for {
		var asked request
		if err := receive(in, &asked); err != nil {
			return // the operator is gone or has closed the pipe: helms under way end with it, as by exec
		}
		if asked.Cancel != "" {
			calls.end(asked.ID, asked.Cancel)
			continue
		}
		command, err := parse(asked.Args)
		if err != nil {
			pipe.send(answer{ID: asked.ID, Unknown: true})
			continue
		}
		one := newCall(command, asked)
		calls.begin(asked.ID, one)
		go func() {
			one.run(targets)
		}()
		go func() {
			pipe.send(<-one.answers)
			calls.forget(asked.ID)
		}()
	}
}

// calls are those under way, by the operator's number.
type calls struct {
	mutex   sync.Mutex
	running map[int]*call
}

func (c *calls) begin(id int, one *call) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.running[id] = one
}

func (c *calls) forget(id int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.running, id)
}

func (c *calls) end(id int, how string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if one := c.running[id]; one != nil {
		one.end(how)
	}
}

// pipe sends frames: four bytes of length, then JSON.
type pipe struct {
	mutex sync.Mutex
	out   io.Writer
}

func (p *pipe) send(frame any) {
	body, err := json.Marshal(frame)
	if err != nil {
		panic(err)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if _, err := p.out.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)); err != nil {
		os.Exit(1)
	}
}

func receive(in io.Reader, into any) error {
	var length uint32
	if err := binary.Read(in, binary.BigEndian, &length); err != nil {
		return err
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(in, body); err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}
