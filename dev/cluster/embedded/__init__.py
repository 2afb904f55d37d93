"""The embedded cluster: etcd, Kubernetes, containerd and CoreDNS as ordinary processes of this machine."""
