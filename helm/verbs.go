package main

// The two verbs, each as its file in helm.sh/helm/v4/pkg/cmd has it: install.go, upgrade.go, uninstall.go.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader"
	chartloader "helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/release"
	releasecommon "helm.sh/helm/v4/pkg/release/common"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage/driver"
)

// statusWorkers is what the helm program asks for where it waits.
const statusWorkers = 8

func (c *call) upgrade(configuration *action.Configuration, way *session, out io.Writer) error {
	history := action.NewHistory(configuration)
	history.Max = 1
	versions, err := history.Run(c.command.release)
	uninstalled := lastIsUninstalled(versions)
	install := errors.Is(err, driver.ErrReleaseNotFound) || uninstalled
	if err != nil && !install {
		return err
	}
	values, err := c.values()
	if err != nil {
		return err
	}
	loaded, asks, err := load(c.command.chart, install, configuration)
	if err != nil {
		return err
	}
	if asks {
		if way.apis, err = way.target.serves(true); err != nil {
			return err
		}
		configuration.Capabilities = way.apis.capabilities.Copy()
	}
	var made release.Releaser
	if install {
		made, err = c.install(configuration, loaded, values, uninstalled)
	} else if made, err = c.change(configuration, loaded, values); err != nil {
		err = fmt.Errorf("UPGRADE FAILED: %w", err)
	}
	if c.ctx.Err() != nil {
		fmt.Fprintf(out, "Release %s has been cancelled.\n", c.command.release)
	}
	if err != nil || c.asked.Quiet {
		return err
	}
	if err := json.NewEncoder(out).Encode(made); err != nil {
		return fmt.Errorf("unable to write JSON output: %w", err)
	}
	return nil
}

func (c *call) install(configuration *action.Configuration, ch chart.Charter, values map[string]any, replace bool) (release.Releaser, error) {
	install := action.NewInstall(configuration)
	install.ReleaseName, install.Namespace = c.command.release, c.command.namespace
	install.Description, install.Labels = c.command.description, c.command.labels
	install.Timeout, install.WaitStrategy = c.command.timeout, kube.HookOnlyStrategy
	install.WaitOptions = append(install.WaitOptions, kube.WithStatusComputeWorkers(statusWorkers))
	install.DisableOpenAPIValidation, install.DisableHooks, install.SkipCRDs = true, c.command.noHooks, c.command.skipCRDs
	install.ServerSideApply, install.ForceConflicts, install.Replace = true, c.command.forceConflicts, replace
	return install.RunWithContext(c.ctx, ch, values)
}

func (c *call) change(configuration *action.Configuration, ch chart.Charter, values map[string]any) (release.Releaser, error) {
	upgrade := action.NewUpgrade(configuration)
	upgrade.Install, upgrade.Namespace = true, c.command.namespace
	upgrade.Description, upgrade.Labels = c.command.description, c.command.labels
	upgrade.Timeout, upgrade.WaitStrategy = c.command.timeout, kube.HookOnlyStrategy
	upgrade.WaitOptions = append(upgrade.WaitOptions, kube.WithStatusComputeWorkers(statusWorkers))
	upgrade.DisableOpenAPIValidation, upgrade.DisableHooks, upgrade.SkipCRDs = true, c.command.noHooks, c.command.skipCRDs
	upgrade.ForceConflicts, upgrade.MaxHistory = c.command.forceConflicts, c.command.historyMax
	return upgrade.RunWithContext(c.ctx, c.command.release, ch, values)
}

func uninstall(configuration *action.Configuration, c *command, out io.Writer) error {
	uninstall := action.NewUninstall(configuration)
	uninstall.IgnoreNotFound, uninstall.DisableHooks = c.ignoreNotFound, c.noHooks
	uninstall.DeletionPropagation, uninstall.Timeout = "background", c.timeout
	uninstall.WaitStrategy = kube.HookOnlyStrategy
	uninstall.WaitOptions = append(uninstall.WaitOptions, kube.WithStatusComputeWorkers(statusWorkers))
	done, err := uninstall.Run(c.release)
	if err != nil {
		return err
	}
	if done != nil && done.Info != "" {
		fmt.Fprintln(out, done.Info)
	}
	fmt.Fprintf(out, "release \"%s\" uninstalled\n", c.release)
	return nil
}

func (c *call) values() (map[string]any, error) {
	if !c.command.values {
		return map[string]any{}, nil
	}
	given, err := chartloader.LoadValues(bytes.NewReader(c.asked.Stdin))
	if err != nil {
		return nil, fmt.Errorf("failed to parse -: %w", err)
	}
	return chartloader.MergeMaps(map[string]any{}, given), nil
}

// load reads a chart from disk, and says whether a template of it asks which APIs there are.
func load(path string, install bool, configuration *action.Configuration) (chart.Charter, bool, error) {
	loaded, err := loader.Load(path)
	if err != nil {
		return nil, false, err
	}
	accessor, err := chart.NewAccessor(loaded)
	if err != nil {
		return nil, false, err
	}
	if install {
		if kind := accessor.MetadataAsMap()["Type"]; kind != "" && kind != "application" {
			return nil, false, fmt.Errorf("%s charts are not installable", kind)
		}
	}
	if wanted := accessor.MetaDependencies(); len(wanted) > 0 {
		if err := action.CheckDependencies(loaded, wanted); err != nil {
			return nil, false, fmt.Errorf("an error occurred while checking for chart dependencies. "+
				"You may need to run 'helm dependency build' to fetch missing dependencies: %w", err)
		}
	}
	if accessor.Deprecated() {
		configuration.Logger().Warn("this chart is deprecated")
	}
	return loaded, asksForAPIs(accessor), nil
}

func asksForAPIs(accessor chart.Accessor) bool {
	mentions := func(file *common.File) bool { return bytes.Contains(file.Data, []byte("Capabilities")) }
	for _, file := range accessor.Templates() {
		if mentions(file) {
			return true
		}
	}
	for _, one := range accessor.Dependencies() {
		if inner, err := chart.NewAccessor(one); err != nil || asksForAPIs(inner) {
			return true
		}
	}
	return false
}

func lastIsUninstalled(versions []release.Releaser) bool {
	if len(versions) == 0 {
		return false
	}
	last, ok := versions[len(versions)-1].(*releasev1.Release)
	return ok && last.Info.Status == releasecommon.StatusUninstalled
}
