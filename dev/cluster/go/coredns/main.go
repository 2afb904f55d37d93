// Command coredns is CoreDNS with only the plugins a cluster's DNS needs.
//
// CoreDNS's own main pulls in every cloud provider's SDK; this one builds in
// seconds next to Kubernetes, whose modules it shares.
package main

import (
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
)

func main() {
	coremain.Run()
}
